// Draws the report's charts. Runs in the browser, with uPlot loaded before it.
/** What is drawn: a report's own data, or as far as a run has come. */
let timeline, processes, phases, bands, recoveredAtMs, followed, acceptP99Ms, attacks, charts, endS

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
const columns = (...names) => names.map((name) => timeline.points.map((point) => point[name]))

function usage(of) {
  const times = [...new Set(processes.flatMap((one) => one.samples.map((sample) => sample.atMs)))].sort((a, b) => a - b)
  const lines = processes.map((one) => {
    const byTime = new Map(one.samples.map((sample) => [sample.atMs, of(sample)]))
    return times.map((atMs) => byTime.get(atMs))
  })
  return [times.map((atMs) => atMs / 1000), ...lines]
}

function take(data) {
  ;({ timeline, processes, phases, bands, recoveredAtMs, followed, acceptP99Ms, attacks } = data)
  const seconds = timeline.points.map((point) => point.atMs / 1000)
  endS = Math.max((seconds.at(-1) ?? 0) + timeline.stepMs / 1000, phases.at(-1).untilMs / 1000)
  /** Lines of their own, where there was any of it. */
  const failures = [
    ['refused', 'refused'],
    ['unanswered', 'unanswered'],
    ['given up', 'givenUp'],
  ].filter(([, field]) => timeline.points.some((point) => point[field] > 0))

  /** Requests of attackers, evenly over the time of each. */
  const attackRates = attacks.map(({ kind, fromMs, untilMs, sent }) => ({
    name: `attack: ${kind}`,
    values: timeline.points.map(({ atMs }) =>
      atMs >= fromMs && atMs < untilMs ? (sent * 1000) / Math.max(1, untilMs - fromMs) : null,
    ),
  }))

  /** The slowest of steps that have too few samples for a p99; none where there is no such step. */
  const slowest = timeline.points.map(({ p99Ms, maxMs }) => (p99Ms === null ? maxMs : null))
  const few = slowest.some((value) => value !== null) ? [slowest] : []

  const rates = [
    ['first attempts', 'offered'],
    ['retries', 'retries'],
    ['accepted', 'accepted'],
    ...(followed ? [['effects', 'effects']] : []),
    ...failures,
  ]

  charts = [
    {
      id: 'latency',
      unit: 'ms',
      log: true,
      gaps: true,
      mark: acceptP99Ms,
      names: ['p50', 'p99', 'max', ...(few.length > 0 ? ['slowest of few'] : [])],
      data: [seconds, ...columns('p50Ms', 'p99Ms', 'maxMs'), ...few],
    },
    {
      id: 'rates',
      unit: '/s',
      names: [...rates.map(([name]) => name), ...attackRates.map(({ name }) => name)],
      data: [seconds, ...columns(...rates.map(([, field]) => field)), ...attackRates.map(({ values }) => values)],
    },
    { id: 'backlog', unit: 'events', names: ['waiting or in flight'], data: [seconds, ...columns('backlog')] },
    {
      id: 'age',
      unit: 's',
      names: ['longest wait'],
      data: [seconds, timeline.points.map(({ ageMs }) => (ageMs === null ? null : ageMs / 1000))],
    },
    { id: 'cpu', unit: 'cores', names: processes.map((one) => one.name), data: usage((sample) => sample.cpuShare) },
    {
      id: 'memory',
      unit: 'MiB',
      names: processes.map((one) => one.name),
      data: usage((sample) => sample.rssBytes / 2 ** 20),
    },
  ]
}

const LABEL_PX = 11
const ROW_PX = 14
/** Rows of names from the top: those of phases, then those of faults. */
const PHASE_ROWS = 2
const FAULT_ROWS = 3

function font(ctx, plot) {
  const { left, top, width, height } = plot.bbox
  ctx.beginPath()
  ctx.rect(left, top, width, height)
  ctx.clip()
  ctx.textAlign = 'left'
  ctx.font = `${LABEL_PX * devicePixelRatio}px system-ui`
}

/** A line over the whole height. */
function line(plot, atMs, ink, dashes) {
  const { ctx, bbox } = plot
  const x = plot.valToPos(atMs / 1000, 'x', true)
  ctx.strokeStyle = ink
  ctx.setLineDash(dashes)
  ctx.beginPath()
  ctx.moveTo(x, bbox.top)
  ctx.lineTo(x, bbox.top + bbox.height)
  ctx.stroke()
}

/** Texts beside their times, each in the first row where it has room; what has none is left out, and stands in the table. */
function names(plot, texts, rows, firstRow) {
  const { ctx, bbox } = plot
  const gap = 4 * devicePixelRatio
  const ends = Array.from({ length: rows }, () => bbox.left)
  for (const { text, atMs, ink } of texts) {
    const from = Math.max(bbox.left, plot.valToPos(atMs / 1000, 'x', true)) + gap
    const end = from + ctx.measureText(text).width
    const row = ends.findIndex((taken) => taken <= from)
    if (row < 0 || from > bbox.left + bbox.width) continue
    ends[row] = end + gap
    ctx.fillStyle = ink
    ctx.fillText(text, from, bbox.top + (firstRow + row) * ROW_PX * devicePixelRatio)
  }
}

/** Where one phase ends and the next begins, where only retries are left, and when goodput was back. */
function drawPhases(plot) {
  const { ctx } = plot
  const soft = colour('--soft')
  ctx.save()
  font(ctx, plot)
  const texts = phases.map(({ name, fromMs }) => ({ text: name, atMs: fromMs, ink: soft }))
  const endMs = phases.at(-1).untilMs
  if ((timeline.points.at(-1)?.atMs ?? 0) > endMs + 1000)
    texts.push({ text: 'no more first attempts', atMs: endMs, ink: soft })
  for (const { atMs } of texts) line(plot, atMs, soft, [4, 4])
  names(plot, texts, PHASE_ROWS, 1)
  if (recoveredAtMs !== null) {
    ctx.lineWidth = 2 * devicePixelRatio
    line(plot, recoveredAtMs, colour('--c'), [])
    names(
      plot,
      [{ text: 'goodput is back', atMs: recoveredAtMs, ink: colour('--c') }],
      1,
      PHASE_ROWS + FAULT_ROWS + 1.2,
    )
  }
  ctx.restore()
}

/** The pass mark. */
function drawMark(plot, value) {
  const { ctx, bbox } = plot
  ctx.save()
  font(ctx, plot)
  const y = plot.valToPos(value, 'y', true)
  ctx.strokeStyle = ctx.fillStyle = colour('--e')
  ctx.setLineDash([6, 4])
  ctx.lineWidth = 2 * devicePixelRatio
  ctx.beginPath()
  ctx.moveTo(bbox.left, y)
  ctx.lineTo(bbox.left + bbox.width, y)
  ctx.stroke()
  ctx.textAlign = 'right'
  ctx.fillText(`allowed: ${value} ms`, bbox.left + bbox.width - 4, y + ROW_PX * devicePixelRatio)
  ctx.restore()
}

/** When something was done to the stack on purpose: a band over the whole height. */
function drawBands(plot) {
  const { ctx, bbox } = plot
  ctx.save()
  font(ctx, plot)
  ctx.fillStyle = colour('--fault')
  for (const { fromMs, untilMs } of bands) {
    const from = plot.valToPos(fromMs / 1000, 'x', true)
    const until = plot.valToPos(untilMs / 1000, 'x', true)
    ctx.fillRect(from, bbox.top, Math.max(2 * devicePixelRatio, until - from), bbox.height)
  }
  ctx.restore()
}

/** The name of each at its band's left edge. */
function drawNames(plot) {
  plot.ctx.save()
  font(plot.ctx, plot)
  const ink = colour('--text')
  names(
    plot,
    bands.map(({ text, fromMs }) => ({ text, atMs: fromMs, ink })),
    FAULT_ROWS,
    PHASE_ROWS + 1.2,
  )
  plot.ctx.restore()
}

const stepped = uPlot.paths.stepped({ align: 1 })
/** All charts have one time axis, and their cursors move together. */
const together = uPlot.sync('time')
const number = (value) => (value >= 1000 ? value.toLocaleString('en') : String(value))

function seriesOf({ names, unit, gaps, log }, inks) {
  const value = (_, at) => (at == null ? '–' : `${at < 10 ? at.toFixed(2) : number(Math.round(at))} ${unit}`)
  return names.map((label, at) => {
    const isFew = label === 'slowest of few'
    return {
      label,
      value,
      stroke: isFew ? inks[1] : inks[at % inks.length],
      width: label === 'accepted' ? 3 : 1.5,
      // One line on another hides it: effects follow what was accepted.
      ...(label === 'effects' && { dash: [6, 4] }),
      // Retries are drawn as a mass on top of the first attempts.
      ...(label === 'retries' && { fill: colour('--retries') }),
      ...((log || unit === '/s') && { paths: isFew ? () => null : stepped }),
      spanGaps: !gaps && !label.startsWith('attack'),
      points: { show: isFew, size: 5 },
    }
  })
}

function optionsOf(chart, width) {
  const { unit, log, mark } = chart
  const inks = ['--a', '--b', '--c', '--d', '--e', '--f', '--g'].map(colour)
  const axis = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line') },
  }
  const linear = (_, low, high) => [Math.min(0, low ?? 0), Math.max(1, (high ?? 1) * 1.35)]
  const logarithmic = (_, low, high) => [
    10 ** Math.floor(Math.log10(Math.max(0.01, low ?? 1))),
    10 ** Math.ceil(Math.log10(Math.max(high ?? 1, mark ?? 0) * 1.2)),
  ]
  return {
    width,
    height: 240,
    cursor: { sync: { key: together.key } },
    scales: {
      x: { time: false, range: () => [0, endS] },
      y: log ? { distr: 3, range: logarithmic } : { range: linear },
    },
    axes: [
      { ...axis, label: 'since the start, s', labelSize: 18, labelFont: '12px system-ui' },
      {
        ...axis,
        size: 56,
        label: unit,
        labelSize: 18,
        labelFont: '12px system-ui',
        values: (_, ticks) => ticks.map((tick) => (tick == null ? '' : number(tick))),
      },
    ],
    series: [{ label: 'at', value: (_, at) => (at == null ? '–' : `${at.toFixed(1)} s`) }, ...seriesOf(chart, inks)],
    hooks: {
      drawClear: [drawBands],
      draw: [drawPhases, drawNames, ...(mark === undefined ? [] : [(plot) => drawMark(plot, mark)])],
    },
  }
}

/** On paper the width is the paper's, whatever the window's was. */
const PAPER_PX = 660

function draw(width) {
  for (const chart of charts) {
    const place = document.getElementById(chart.id)
    // A target has no backlog that we know of.
    if (!place) continue
    place.replaceChildren()
    new uPlot(optionsOf(chart, width ?? place.clientWidth), chart.data, place)
  }
}

const held = document.getElementById('data')
if (held) {
  take(JSON.parse(held.textContent))
  draw()
  addEventListener('beforeprint', () => {
    for (const folded of document.querySelectorAll('details')) folded.open = true
    draw(PAPER_PX)
  })
  addEventListener('afterprint', () => draw())
}
addEventListener('resize', () => charts && draw())
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts && draw())
