import { describe, expect, it } from 'vitest'
import { readCounts } from '../../../src/runner/scenario/trace-file.ts'

const AT_NS = 1_611_642_131_000_000_000n
const record = (kind: number, second: number, method = 'POST', more = ' 405000') =>
  `${kind} aeb496b6165db3fad05c89b8 ${AT_NS + BigInt(second * 1e9)}${more}\n` +
  `${kind === 1 ? `${method} /test HTTP/1.1\r\nHost: x` : 'HTTP/1.1 200 OK'}\r\nContent-Length: 2\r\n\r\n{}\n\n🐵🙈🙉\n`

/** Each is a file, or a line of one, as somebody described it in public: what makes other tools stumble. */
describe('--shape takes what people have of other tools', () => {
  it.each<readonly [string, string, readonly number[], string]>([
    // probelabs/goreplay#1128 and #680: records out of order; #1234: a fourth value, or none.
    ['a capture out of order', record(1, 2.5) + record(1, 0.2) + record(1, 2.1), [1, 0, 2], '3 POST requests'],
    [
      'a capture with answers',
      record(1, 0) + record(2, 0.1) + record(3, 0.2) + record(1, 1, 'POST', ''),
      [1, 1],
      '2 POST',
    ],
    ['a capture with other methods', record(1, 0) + record(1, 1, 'GET'), [1], '1 of other methods left out'],
    // grafana/k6#2252: steps, by a stage of a second and one that stays.
    [
      'stages of k6',
      '{"scenarios":{"steps":{"startRate":10,"stages":[{"target":20,"duration":"2s"},{"target":20,"duration":"3s"}]}}}',
      [12.5, 17.5, 20, 20, 20],
      'stages of a load test (2)',
    ],
    [
      'rates a minute',
      '{"timeUnit":"1m","stages":[{"target":60,"duration":"0s"},{"target":60,"duration":"1s"}]}',
      [1],
      '(2)',
    ],
    // grafana/k6#150: a stage without a target.
    [
      'a stage without a target',
      '[{"duration":"2s","target":4},{"duration":"1s"}]',
      [1, 3, 4],
      'taken for requests a second',
    ],
    // artilleryio/artillery#151: from 0; #279: a rate below 1; #267: arrivalCount.
    ['phases from 0', '{"config":{"phases":[{"duration":4,"arrivalRate":0,"rampTo":8}]}}', [1, 3, 5, 7], '(1)'],
    [
      'a rate below 1',
      '[{"duration":2,"arrivalRate":0.5},{"pause":1},{"duration":2,"arrivalCount":4}]',
      [0.5, 0.5, 0, 2, 2],
      '(3)',
    ],
    [
      'a script of Artillery',
      'config:\n  target: "http://x"\n  phases:\n    # up\n    - duration: 2\n      arrivalRate: 1\n      name: "Warm up"\n    - duration: "2s"\n      arrivalRate: 2\n      rampTo: 4 # peak\n    - pause: 1\n  payload:\n    path: "users.csv"\nscenarios:\n  - flow:\n    - post:\n        url: "/x"\n',
      [1, 1, 2.5, 3.5, 0],
      '(3)',
    ],
    ['phases without an indent', 'phases:\n- arrivalRate: 3\n  duration: 1\nbefore: {}\n', [3], '(1)'],
    // tsenart/vegeta#716: targets with a time each.
    [
      'targets with their times',
      ['00', '00', '02']
        .map((s) => `{"method":"POST","url":"http://x/","timestamp":"2024-10-22T00:00:${s}Z"}`)
        .join('\n'),
      [2, 0, 1],
      '3 POST requests',
    ],
    // hatoo/oha#542: a unit behind the name, spaces behind commas.
    ['a unit in the header', 'time(s),count\n0, 100\n1, 120\n2, 110\n', [100, 120, 110], 'counts of each second'],
    // bojand/ghz#405 and aliostad/SuperBenchmarker#26: a time and what was sent.
    [
      'a time and a message',
      'Timestamp, message\n2023-02-25T10:00:00Z,{}\n2023-02-25T10:00:01Z,"a,b"\n',
      [1, 1],
      '2 requests',
    ],
  ])('%s', (_, text, counts, read) => {
    const found = readCounts(text, 'shape')
    expect(found.counts).toEqual(counts)
    expect(found.read).toContain(read)
  })

  it.each([
    // allinurl/goaccess#1196: names of one's own.
    [
      'names of its own',
      '{"log_time":"2018-08-09T17:45:09+08:00","user_req":"POST /hook HTTP/1.1","req_time":"0.012"}',
    ],
    // allinurl/goaccess#2438: s since 1970, with a fraction.
    [
      'seconds with a fraction',
      '{"time":1673085237.244,"method":"POST","request":"POST /hook HTTP/1.1","request_time":0.002}',
    ],
    // histovec/histovec-beta#533: all of it in a member.
    [
      'a member',
      '{"nginx":{"time_local":"09/Aug/2018:17:45:09 +0800","request":"POST /hook HTTP/1.1","request_time":0.1}}',
    ],
    // lebinh/ngxtop#88, allinurl/goaccess#1747: an address that holds words of a method.
    [
      'both',
      '{"@timestamp":"2020-04-28T00:00:41+08:00","uri":"/GET HTTP/1.1","request":"POST /GET HTTP/1.1","responsetime":"0.000"}',
    ],
  ])('a log in JSON with %s', (_, line) => {
    const { counts, read } = readCounts(`${line}\n${line}\n${line.replaceAll('POST', 'GET')}\n`, 'shape')
    expect(counts).toEqual([2])
    expect(read).toContain('a log in JSON, 2 POST requests, 1 of other methods left out')
  })

  const gateway = (at: number) =>
    `{"latencies":{"request":7},"service":{"created_at":1521555129,"updated_at":1521555129},"request":{"method":"POST"},"route":{"updated_at":1521555130},"started_at":170000000${at}123}`
  const noted = (at: number) =>
    `{"user":{"created_at":"2020-01-01T00:00:00Z"},"request":{"method":"POST"},"receivedAt":"2026-01-01T00:00:0${at}Z"}`
  it.each([
    // Kong writes when its route and service were made or changed beside when the request came.
    ['a gateway', gateway],
    ['a middleware', noted],
  ])('the time of the request in the log of %s, whatever other times are in it', (_, line) => {
    expect(readCounts([0, 2, 2].map(line).join('\n'), 'shape').counts).toEqual([1, 0, 2])
  })

  const created = [1_700_000_000, 1_700_000_003, 1_700_000_000].map((at) => ({
    id: 'evt',
    object: 'event',
    created: at,
  }))
  const entry = (second: number, method = 'POST') => ({
    startedDateTime: `2026-01-01T00:00:0${second}.5Z`,
    request: { method },
  })
  const pages = [{ startedDateTime: '2026-01-01T00:00:09Z', id: 'page_1' }]
  it.each<readonly [string, unknown, readonly number[]]>([
    ['a list of events', { object: 'list', data: created, has_more: false }, [2, 0, 0, 1]],
    ['HAR', { log: { pages, entries: [entry(0), entry(1), entry(1), entry(1, 'GET')] } }, [1, 2]],
    [
      'a page of a request bin',
      { data: [{ method: 'POST', created_at: '2026-01-01 00:00:00', request: { a: [{ b: 1 }] } }], total: 1 },
      [1],
    ],
  ])('the requests in %s, on one line or on many', (_, value, counts) => {
    for (const indent of [0, 2]) expect(readCounts(JSON.stringify(value, null, indent), 'shape').counts).toEqual(counts)
  })

  it('a count beside a time in JSON for the count that it is, and never for one request', () => {
    const rows = [0, 1, 2].map((at) => ({ time: `2026-01-01T00:00:0${at}Z`, count: at + 5 }))
    const lines = rows.map((row) => JSON.stringify(row)).join('\n')
    const turned = JSON.stringify(rows.map(({ time, count }) => ({ requests: count, t: Date.parse(time) })))
    const texts = JSON.stringify(rows.map(({ time, count }) => ({ second: time, n: String(count) })))
    const named = JSON.stringify(rows.map((row) => ({ ...row, unit: 'requests', host: 'a' })))
    const buckets = rows.map(({ time, count }) => ({
      key_as_string: time,
      key: Date.parse(time),
      doc_count: count,
    }))
    const search = JSON.stringify({ took: 5, aggregations: { by_second: { buckets } } })
    const written = [lines, `${lines}\n`, JSON.stringify(rows, null, 2), JSON.stringify({ data: rows })]
    for (const text of [...written, turned, texts, named, search]) {
      expect(readCounts(text, 'shape').counts, text).toEqual([5, 6, 7])
    }
    expect(() => readCounts(`${lines}\n{"time":"later","count":1}`, 'shape')).toThrow('line 4')
    // A metric of a cloud has a unit.
    const metric = rows.map(({ time, count }) => ({ Timestamp: time, Sum: count, Unit: 'Count' }))
    for (const text of [
      JSON.stringify({ Label: 'RequestCount', Datapoints: metric }),
      JSON.stringify(metric).toLowerCase(),
    ])
      expect(readCounts(text.replaceAll('t00:', 'T00:').replaceAll('z"', 'Z"'), 'shape').counts).toEqual([5, 6, 7])
    // Orders have totals, and names, labels or units of their own.
    for (const other of [
      { id: 'o' },
      { name: '#1001' },
      { label: 'new' },
      { name: '#1001', unit: 'EUR' },
      { metric: 'm' },
    ]) {
      const orders = JSON.stringify([{ ...other, created_at: '2026-01-01T00:00:00Z', total: 500 }])
      expect(readCounts(orders, 'shape').counts, orders).toEqual([1])
    }
    const told = JSON.stringify(metric.map((row) => ({ ...row, Label: 'RequestCount', Unit: 'Count/Second' })))
    expect(readCounts(told, 'shape').counts).toEqual([5, 6, 7])
  })

  it('takes points of a metric for no requests', () => {
    const point =
      '{"type":"Point","metric":"http_req_duration","data":{"time":"2026-01-01T00:00:00Z","value":1.5,"tags":{"method":"POST"}}}'
    expect(() => readCounts(`${point}\n${point}\n`, 'shape')).toThrow('JSON that is no line of an access log')
  })

  const request = '"POST https://x:443/ HTTP/2.0" "S/1.0" - -'
  it.each([
    // vectordotdev/vector#23631, vrl#861: fields that are new behind the last.
    [
      'new fields',
      `h2 2024-05-28T08:12:36.4Z app/x/1 10.0.0.1:13624 1.1.1.1:8000 0 0.1 0 200 200 9 2 ${request} "-" TID_3 "-" "-"`,
    ],
    // igtm/node-alb-log-parser#3: more than one space.
    [
      'more spaces',
      `https  2024-05-28T08:12:36.4Z  app/x/1  10.0.0.1:13624  1.1.1.1:8000  0 0 0 200 200 9 2 ${request}`,
    ],
    // allinurl/goaccess#797: no target answered.
    ['no target', `h2 2024-05-28T08:12:36.4Z app/x/1 10.0.0.1:13624 - -1 -1 -1 400 - 702 0 ${request}`],
  ])("a balancer's log with %s", (_, line) => {
    const { counts, read } = readCounts(`${line}\n${line.replace(':36.', ':37.')}\n`, 'shape')
    expect(counts).toEqual([1, 1])
    expect(read).toContain('load balancer, 2 POST requests')
  })

  it.each([
    ['a capture without a POST', record(1, 0, 'GET'), 'no arrivals in it: a capture of GoReplay'],
    ['stages of another kind', '[{"duration":"2s","target":4,"p95":3}]', 'JSON that is no line of an access log'],
    ['a duration of no unit', '[{"duration":"2 moons","target":4}]', 'JSON that is no line of an access log'],
    [
      'phases that wait for variables',
      'config:\n  phases:\n    - duration: "{{ d }}"\n      arrivalRate: 1\n',
      'plain numbers',
    ],
    ['a script without phases', 'config:\n  target: http://x\nscenarios: []\n', 'plain numbers'],
    ['a program', "import http from 'k6/http'\nexport const options = { stages: [] }\n", 'a program is not run'],
    ['XML', '<?xml version="1.0"?>\n<jmeterTestPlan/>\n', 'XML is not read'],
    ['more than a day', '[{"duration":"25h","target":4}]', 'JSON that is no line of an access log'],
  ])('but not %s', (_, text, what) => {
    expect(() => readCounts(text, 'shape')).toThrow(what)
  })
})
