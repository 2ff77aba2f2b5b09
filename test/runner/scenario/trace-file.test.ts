import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sparkline } from '../../../src/runner/render/sparkline.ts'
import { decodeText } from '../../../src/runner/scenario/text-file.ts'
import { readCounts } from '../../../src/runner/scenario/trace-file.ts'

const lines = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join('\n')
const clock = (at: number) => `00:00:0${at}`

describe('--shape', () => {
  it.each([
    ['one count a line', '5\n0\n7.5\n', [5, 0, 7.5], 'counts of each second'],
    ['a header and Windows line ends', 'second,count\r\n0,5\r\n1,6\r\n', [5, 6], 'times in s, counts of each second'],
    ['seconds since 1970, of which some are left out', '1700000000, 5\n1700000003, 6\n', [5, 0, 0, 6], 'times in s'],
    ['empty lines at the end', 'count\n1\n\n\n', [1], 'counts of each second'],
    ['comments, quotes', '# exported\n"second","count"\n"0","5"\n"1","6"\n', [5, 6], 'times in s'],
    ['semicolons', 'second;count\n0;5\n1;6\n', [5, 6], 'times in s'],
    ['tabs', '0\t5\n1\t6\n', [5, 6], 'times in s'],
    ['a word to Excel', 'sep=;\r\n"Time";"Value"\r\n1700000000;5\r\n1700000001;6\r\n', [5, 6], 'times in s'],
    ['ms since 1970', 'ts,count\n1700000000000,5\n1700000001000,6\n1700000002000,7\n', [5, 6, 7], 'times in ms'],
    ['µs since 1970', '1700000000000000,5\n1700000001000000,6\n', [5, 6], 'times in µs'],
    ['seconds with a fraction', '1700000000.0,5\n1700000001.0,6\n', [5, 6], 'times in s'],
    ['ISO times', 'time,count\n2026-01-01T00:00:00Z,5\n2026-01-01T00:00:02Z,6\n', [5, 0, 6], 'times as ISO'],
    [
      'ISO times with a zone, a space, a fraction',
      '2026-01-01 01:00:00.5+01:00,5\n2026-01-01T00:00:01Z,6',
      [5, 6],
      'as ISO',
    ],
    [
      'a count of each minute',
      'minute,per_minute\n0,120\n60,60\n',
      [...Array(60).fill(2), ...Array(60).fill(1)],
      'each minute',
    ],
    ['a count of each 2 s, without times', 'per_2s\n4\n6\n', [2, 2, 3, 3], 'counts of each 2 s, spread evenly'],
    ['rows apart with nothing between', 'second,per_second\n0,5\n2,6\n4,7\n', [5, 0, 6, 0, 7], 'each second'],
    ['a line for each request', '1700000000,1\n1700000000,1\n1700000001,1\n', [2, 1], 'counts of each second'],
    [
      'the time of each request',
      '1700000000.2\n1700000000.9\n1700000002.1\n',
      [2, 0, 1],
      'the times of 3 requests, in s',
    ],
    ['the same in ms, out of order', '1700000002100\n1700000000200\n', [1, 0, 1], 'the times of 2 requests, in ms'],
    ['the same as ISO', '2026-01-01T00:00:00Z\n2026-01-01T00:00:00.9Z\n', [2], 'the times of 2 requests, as ISO'],
    [
      'a time and words beside it',
      'Date, query\n2017-08-04 13:23:08, foo?q=1\n2017-08-04 13:23:10, a',
      [1, 0, 1],
      '2 requests',
    ],
  ])('takes %s', (_, text, counts, read) => {
    const found = readCounts(text, 'trace.csv')
    expect(found.counts).toEqual(counts)
    expect(found.read).toContain(read)
  })

  it.each([
    [
      'nginx',
      (at: number) => `192.0.2.${at} - - [01/Jan/2026:${clock(at)} +0100] "POST /hook HTTP/1.1" 200 8 "-" "S/1.0"`,
    ],
    ['Apache', (at: number) => `host 192.0.2.${at} - bob [01/Feb/2026:${clock(at)} -0500] "POST /hook HTTP/1.1" 200 -`],
    [
      'an application balancer',
      (at: number) =>
        `https 2026-01-01T${clock(at)}.186641Z app/lb/1 192.168.131.39:2817 10.0.0.1:80 0 0.001 0 200 200 34 366 "POST https://x:443/ HTTP/1.1" "curl" -`,
    ],
    [
      'a classic balancer',
      (at: number) =>
        `2026-01-01T${clock(at)}.5Z lb 192.168.131.39:2817 10.0.0.1:80 0 0 0 200 200 0 29 "POST http://x:80/ HTTP/1.1"`,
    ],
    [
      'HAProxy',
      (at: number) =>
        `haproxy[1]: 10.0.1.2:33317 [06/Feb/2026:${clock(at)}.655] in s/s1 10/0/30 200 - - "POST /hook HTTP/1.1"`,
    ],
    [
      'Envoy',
      (at: number) => `[2026-01-01T${clock(at)}.310Z] "POST /hook HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http"`,
    ],
    ['IIS', (at: number) => `2026-01-01 ${clock(at)} 172.20.136.48 POST /hook - 80 - 127.0.0.1 S/1.0 200 0 0 36`],
    [
      'a content network',
      (at: number) => `2026-01-01\t${clock(at)}\tSFO5\t2390\t192.0.2.100\tPOST\tx.example\t/hook\t200`,
    ],
    [
      'a container of nginx',
      (at: number) =>
        `2026-01-01T00:00:00.1Z stdout F 1.1.1.1 - - [01/Jan/2026:${clock(at)} +0000] "POST / HTTP/1.1" 200 1`,
    ],
    ['Caddy', (at: number) => `{"level":"info","ts":${1646861401.5 + at},"request":{"method":"POST","uri":"/hook"}}`],
    [
      'nginx in JSON',
      (at: number) => `{"time_iso8601":"2026-01-01T${clock(at)}+00:00","request":"POST /hook HTTP/1.1"}`,
    ],
    [
      'Traefik',
      (at: number) =>
        `{"RequestMethod":"POST","time":"2026-01-01T${clock(at)}Z","StartUTC":"2026-01-01T${clock(at)}Z"}`,
    ],
  ])('takes the access log of %s, its POST requests alone', (_, line) => {
    const get = line(4).replace('POST', 'GET')
    const { counts, read } = readCounts(
      `${lines(3, line)}\n${line(0)}\n${get}\n${line(5)}\n${line(5).slice(0, 20)}`,
      'access.log',
    )
    expect(counts).toEqual([2, 1, 1, 0, 0, 1])
    expect(read).toContain('log')
    expect(read).toContain('5 POST requests, 1 of other methods left out, 1 lines left out, the first is 7')
  })

  it.each([
    ['1\nmany\n', 'line 2'],
    ['second,count\n0,1\n1,-2\n', 'line 3'],
    ['0,1\n7\n', 'line 2'],
    ['5,2\n4,1\n', 'line 2'],
    ['5,2\n5,1\n', 'line 2'],
    ['0,1\n\n86400,1\n', 'line 3'],
    ['1\n10000001\n', 'line 2'],
    ['second,count,bytes\n0,5,1\n', 'line 2: 3 columns'],
    ['0,"1,200"\n1,"1,300"\n', 'line 1'],
    ['0,5\n1,6\ntotal,11\n', 'line 3'],
    ['second,count\n', 'no arrivals'],
    ['0\n0\n', 'no arrivals'],
    ['0,5\n1000,6\n2000,7\n', 'its rows lie 1000 s apart throughout. If the times are ms, divide them by 1000'],
    ['0,5\n60,6\n120,7\n', 'a first line of second,per_minute says'],
    ['0,5\n10,6\n30,7\n', 'second,per_10s'],
    ['second,per_minute\n0,5\n61,6\n', 'line 3: not a multiple'],
    ['2026-01-01T00:00:00Z\n2026-01-03T00:00:00Z\n', 'its requests lie 2.0 days apart'],
    ['2026-01-01T00:00:00Z\nlater\n', 'line 2'],
    [lines(9, () => '1.1.1.1 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 8'), 'without a POST'],
  ])('refuses %j, and names the file and the line', (text, where) => {
    expect(() => readCounts(text, 'trace.csv')).toThrow(`trace.csv: ${where.startsWith('line') ? where : ''}`)
    expect(() => readCounts(text, 'trace.csv')).toThrow(where)
  })

  const second = (at: number) => `2026-10-10 13:55:3${at}`
  it.each<readonly [string, (at: number) => string]>([
    ['a gateway', (at) => `{"requestTime":"10/Oct/2026:13:55:3${at} +0000","httpMethod":"POST"}`],
    ['a gateway in ms', (at) => `{"requestTimeEpoch":170000000${at}000,"httpMethod":"POST"}`],
    ['a balancer of a cloud', (at) => `{"httpRequest":{"requestMethod":"POST"},"timestamp":"${second(at)}Z"}`],
    ['a door of a cloud', (at) => `{"time":"${second(at)}.1234567Z","properties":{"httpMethod":"POST"}}`],
    ['a content network', (at) => `{"ClientRequestMethod":"POST","EdgeStartTimestamp":170000000${at}000000000}`],
    ['a content network in columns', (at) => `170000000${at}.123\t1.1.1.1\t0.002\t200\tPOST\thttps\tx\t/hook`],
    ['a content network by day and time', (at) => `{"date":"2026-10-10","time":"13:55:3${at}","cs-method":"POST"}`],
    ['another content network', (at) => `{"reqTimeSec":"170000000${at}.123","reqMethod":"POST","reqPath":"hook"}`],
    ['a tracer', (at) => `{"timestamp":"${second(at)}Z","attributes":{"http.request.method":"POST"}}`],
    ['a mesh', (at) => `{"start_time":"${second(at)}.123Z","method":"POST","response_code":200}`],
    ['Caddy by the wall clock', (at) => `{"ts":"2026/10/10 13:55:3${at}","request":{"method":"POST"}}`],
    ['Caddy for people', (at) => `2026/10/10 13:55:3${at}.123\tinfo\taccess\thandled\t{"request": {"method": "POST"}}`],
    ['a logger of Node', (at) => `{"level":30,"time":170000000${at}000,"req":{"method":"POST"},"msg":"done"}`],
    ['a platform', (at) => `{"timestamp":170000000${at}000,"proxy":{"method":"POST","path":"/hook"}}`],
    [
      'a container',
      (at) => JSON.stringify({ log: `x [10/Oct/2026:13:55:3${at} +0000] "POST / HTTP/1.1" 200\n`, time: 't' }),
    ],
    ['nginx with a time of its own', (at) => `1.2.3.4 [${second(at)}+00:00] "POST /hook HTTP/1.1" 200`],
    ['nginx with seconds', (at) => `170000000${at}.120 1.2.3.4 POST /hook 200 0.004`],
    ['a proxy', (at) => `170000000${at}.123    100 1.1.1.1 TCP_MISS/200 500 POST http://x/hook - DIRECT/1 text/html`],
    [
      'a syslog with priorities',
      (at) =>
        `<190>Oct 10 13:55:3${at} web nginx: 127.0.0.1 - - [10/Oct/2026:13:55:3${at} +0000] "POST /hook HTTP/1.1" 200 -`,
    ],
    ['a server of Python', (at) => `127.0.0.1 - - [10/Oct/2026 13:55:3${at}] "POST /hook HTTP/1.1" 200 -`],
    // allinurl/goaccess#2368, #939 and #488, #2399, #2359, #2491: what others could not read at first.
    ['logfmt', (at) => `time="2026-10-10T13:55:3${at}-04:00" level=info msg=handled method=POST path=/hook`],
    ['logfmt with a word before', (at) => `level=info ts=2026-10-10T13:55:3${at}.123Z caller=a.go:29 method=POST`],
    ['a gate without brackets', (at) => `10.5.1.1 - C01 10/Oct/2026:13:55:3${at} +0200 "POST /bpm HTTP/1.1" 200 58 -`],
    ['a time in quotes', (at) => `"10/Oct/2026:13:55:3${at}" 5.1.1.1 "POST /api HTTP/2.0"`],
    ['quotes of a word processor', (at) => `[10/Oct/2026:13:55:3${at} +0200] „POST /hook HTTP/1.1“ 404 4594`],
    ['a request without quotes', (at) => `1.1.1.1 [10/Oct/2026:13:55:3${at} +0200] POST /hook 200 "S/1.0"`],
    ['a server of Java', (at) => `127.0.0.1 2026-10-10 13:55:3${at} 0.029 POST /FCWeb/LogServlet 200`],
    ['compose', (at) => `web-1  | 2026-10-10T13:55:3${at}Z POST /hook 200`],
    ['a proxy in ms', (at) => `170000000${at}123 1.2.3.4 POST /hook 200`],
    ['a server of Go', (at) => `[GIN] 2026/10/10 - 13:55:3${at} | 200 |  1.2ms |  1.1.1.1 | POST     "/hook"`],
  ])('takes the log of %s, its POST requests alone', (_, line) => {
    const get = line(1).replace('POST', 'GET')
    expect(readCounts(`${lines(3, line)}\n${get}`, 'x')).toMatchObject({
      counts: [1, 1, 1],
      read: expect.stringContaining('3 POST requests, 1 of other methods left out'),
    })
  })

  it('counts no line that tells of an answer or of the server, where others name their method', () => {
    const of = (at: number) => `{"time":170000000${at}000,"req":{"method":"POST"}}\n{"time":170000000${at}050,"res":{}}`
    expect(readCounts(lines(3, of), 'x').counts).toEqual([1, 1, 1])
    // An array of events has no methods at all.
    const events = JSON.stringify(
      [
        { id: 'e', created: 1_700_000_000 },
        { id: 'f', created: 1_700_000_002 },
      ],
      null,
      2,
    )
    expect(readCounts(events, 'x')).toMatchObject({ counts: [1, 0, 1], read: expect.stringContaining('2 requests') })
  })

  it.each<readonly [string, string, readonly number[]]>([
    ['what uniq -c made of ISO times', lines(2, (at) => `     ${5 + at} 2026-10-10T13:55:3${at}`), [5, 6]],
    ['what uniq -c made of an access log', lines(2, (at) => `     ${5 + at} [10/Oct/2026:13:55:3${at}`), [5, 6]],
    ['times with ms behind a comma', `${second(0)},123\n${second(0)},045\n${second(2)},007\n`, [2, 0, 1]],
    ['counts that rise', 'per_second\n0.5\n1.5\n2.5\n', [0.5, 1.5, 2.5]],
    ['counts with three decimals', 'per_second\n1.200\n0.950\n', [1.2, 0.95]],
    ['counts with points of all kinds', 'per_second\n1.250\n7\n2.5\n', [1.25, 7, 2.5]],
    ['counts of three digits', `${second(0)},123\n${second(1)},450\n`, [123, 450]],
    ['two columns with a space', '1700000000 5\n1700000001 6\n', [5, 6]],
    ['common times and a count', '10/Oct/2026:13:55:30,5\n10/Oct/2026:13:55:32,6\n', [5, 0, 6]],
    ['common times and a count behind a space', '10/Oct/2026:13:55:30 5\n10/Oct/2026:13:55:31 6\n', [5, 6]],
    ['times with a space, one a request', `${second(0)}\n${second(0)}\n${second(2)}\n`, [2, 0, 1]],
    ['times of a database', `created_at\n${second(0)}.123+00\n${second(1)}.5+00\n`, [1, 1]],
    ['the same with a count', `${second(0)}+00,5\n${second(1)}-00,6\n`, [5, 6]],
    ['common times, one a request', '10/Oct/2026:13:55:30 +0000\n10/Oct/2026:13:55:30 +0000\n', [2]],
    ...['events/s', 'orders/second', 'orders per sec', 'time,orders/s'].map((header): [string, string, number[]] => [
      `counts under ${header}`,
      header.includes(',') ? `${header}\n0,5\n1,6\n` : `${header}\n5\n6\n`,
      [5, 6],
    ]),
    ...["today's load", 'orders by date', 'load over time', 'load at noon', 'second wave', 'média'].map(
      (header): [string, string, number[]] => [`counts under ${header}`, `${header}\n5\n6\n`, [5, 6]],
    ),
    ['rates of a second that rise', 'events/s\n0.5\n1.5\n2.5\n', [0.5, 1.5, 2.5]],
    ['rates of a query', `Time,sum(rate(http_requests_total[1m]))\n${second(0)},5\n${second(1)},6\n`, [5, 6]],
    ['the second of a day', 'second_of_day,count\n0,5\n1,6\n', [5, 6]],
    ['seconds in another language', "secondes d'envoi,count\n0,5\n1,6\n", [5, 6]],
    ['zones behind a space', `${second(0)} UTC,5\n${second(1)} +0000,6\n`, [5, 6]],
  ])('takes %s', (_, text, counts) => {
    expect(readCounts(text, 'x').counts).toEqual(counts)
  })

  it.each([
    [
      'a unit',
      `Time,requests\n${second(0)},10 req/s\n${second(1)},11 req/s\n`,
      "line 2: '10 req/s' is no plain number",
    ],
    ['a decimal comma', `time;count\n${second(0)};10,5\n${second(1)};11,5\n`, "line 2: '10,5' is no plain number"],
    ['hours', 'hour,count\n0,500\n1,600\n', 'its times count hours: leave them out, with a first line of per_hour'],
    ['minutes', 'minute,requests\n0,500\n1,600\n', 'its times count minutes'],
    ['minutes by a short name', 'Time (min),requests\n0,500\n1,600\n', 'its times count minutes'],
    ['hours within a name', 'elapsedHours;requests\n0;500\n1;600\n', 'its times count hours'],
    ['ms from the first one on', 'elapsed_ms,count\n0,5\n950,6\n2010,7\n', 'its times are in ms: give them in s'],
    // chainlink-testing-framework#1638, documentation#5616 of pantheon-systems: rates of a minute.
    [
      'rates of a minute',
      'second,rpm\n0,600\n1,660\n',
      "its header says 'rpm'. Where a row is the count of one minute, leave the times out, with a first line of per_minute",
    ],
    ['rates by a slash', 'requests/min\n600\n660\n', 'one minute, begin with per_minute. Else give counts of a second'],
    ['minutes with a rate', 'minute,rpm\n0,600\n1,660\n', 'leave them out, with a first line of per_minute'],
    ['minutes by a slash', 't/min,count\n0,600\n1,660\n', 'its times count minutes: leave them out'],
    ['minutes of 60 s', 'minute (60 s),count\n0,600\n1,660\n', 'its times count minutes: leave them out'],
    [
      'hours with a rate of a minute',
      'hour,requests/min\n0,600\n1,660\n',
      "its header says '/min'. Where a row is the count of one minute, leave the times out",
    ],
    ['counts of a query', 'Time,sum(increase(x[5m]))\n0,5\n300,6\n', "its header says '[5m'"],
    ['thousands in minutes', 'minute,kRPS\n0,5\n1,6\n', "its header says 'kRPS'"],
    ['rates of some minutes', 'time,hits per 5m\n0,600\n300,660\n', 'begin with second,per_300s'],
    [
      'rates over a window',
      'time,requests (1m)\n0,5\n1,6\n',
      "its header says '(1m'. Where a row is the count of one minute",
    ],
    ['thousands', 'second,kRPS\n0,5\n1,6\n', "its header says 'kRPS': give the count of requests itself"],
    ['thousands in words', 'requests (thousands)\n5\n6\n', "its header says 'thousands'"],
    // jverein/jverein#53: points between thousands.
    [
      'points between thousands',
      'second;count\n0;950\n1;1.200\n2;7\n',
      "line 3: '1.200' may be 1200 or 1.2: write it so",
    ],
    ['thirds', 'second,count\n0,1\n1,1.333\n2,7\n', "line 3: '1.333' may be 1333 or 1.3330: write it so"],
    ['a column of words', 'at what\nx\n', "line 2: 'x' is neither"],
    ['a column of times', 'timestamp\n0\n3\n3\n7\n', "its header says 'timestamp'. Times are seconds since 1970"],
    ['a column of times in s', 'arrival time (s)\n0\n3\n7\n', "its header says 'arrival time (s)'"],
    ['a column of times by a slash', 't/s\n0.1\n0.5\n1.2\n', "its header says 't/s'"],
    ['times from the first one on', '0.1\n0.5\n1.2\n', 'its numbers only rise'],
    ['JSON of counts', '[[1700000000,5],[1700000001,6]]', 'line 1: JSON that is no line of an access log'],
    ['JSON that nginx did not escape', '{"time_local":"x","body":"\\x22"}', 'nginx needs escape=json'],
  ])('takes no %s for something else', (_, text, what) => {
    expect(() => readCounts(text, 'x')).toThrow(what)
  })

  it.each([
    ['minute,rpm\n0,600\n1,660\n', 'minute,rpm\n', 'per_minute\n', /^[01],/gm],
    ['second,rpm\n0,600\n1,660\n', 'second,rpm\n', 'per_minute\n', /^[01],/gm],
    ['requests/min\n600\n660\n', 'requests/min\n', 'per_minute\n', /^$/],
    ['time,rpm\n0,600\n60,660\n', 'time,rpm\n', 'second,per_minute\n', /^$/],
  ])('takes %j once its advice was followed', (text, header, other, left) => {
    expect(() => readCounts(text, 'x')).toThrow(other.trim())
    const mended = text.replace(header, other).replace(left, '')
    expect(readCounts(mended, 'x').counts).toEqual([...Array(60).fill(10), ...Array(60).fill(11)])
  })

  it('reads any text, or says in one line what is wrong with it', () => {
    const cell = fc.oneof(
      fc.nat().map(String),
      fc.double().map(String),
      fc.string(),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    )
    const line = fc.oneof(
      cell,
      fc.tuple(cell, cell).map((cells) => cells.join()),
      fc.string(),
      fc.json(),
    )
    fc.assert(
      fc.property(fc.array(line), (all) => {
        try {
          const { counts, read } = readCounts(all.join('\n'), 'x')
          expect(counts.some((count) => count > 0)).toBe(true)
          expect(counts.every((count) => Number.isFinite(count) && count >= 0)).toBe(true)
          expect(read).not.toBe('')
        } catch (error) {
          expect(error).toMatchObject({ code: 'misuse', message: expect.stringMatching(/^x: [^\n]*$/) })
        }
      }),
      { numRuns: 500 },
    )
  })

  it('is read with a byte order mark, and as UTF-16', () => {
    const text = 'second,count\r\n0,5\r\n'
    for (const bytes of [Buffer.from(`\ufeff${text}`), Buffer.from(`\ufeff${text}`, 'utf16le')]) {
      expect(readCounts(decodeText(bytes, 'x'), 'x').counts).toEqual([5])
    }
  })

  it('is drawn with the highest of each column', () => {
    expect(sparkline([1, 0, 8, 4])).toBe('▁ █▄')
    expect(sparkline([0, ...Array(7_199).fill(1)])).toBe('█'.repeat(72))
  })
})
