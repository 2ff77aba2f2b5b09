// Draws the report's charts. Runs in the browser, with uPlot loaded before it.
const { timeline, processes, phases, bands, recoveredAtMs, followed } = JSON.parse(
  document.getElementById('data').textContent,
)
const seconds = timeline.points.map((point) => point.atMs / 1000)
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

/** Lines of their own, where there was any of it. */
const failures = [
  ['refused', 'refused'],
  ['unanswered', 'unanswered'],
  ['given up', 'givenUp'],
].filter(([, field]) => timeline.points.some((point) => point[field] > 0))

const rates = [
  ['first attempts', 'offered'],
  ['retries', 'retries'],
  ['accepted', 'accepted'],
  ...(followed ? [['effects', 'effects']] : []),
  ...failures,
]

const charts = [
  {
    id: 'latency',
    unit: 'ms',
    log: true,
    gaps: true,
    names: ['p50', 'p99', 'max'],
    data: [seconds, ...columns('p50Ms', 'p99Ms', 'maxMs')],
  },
  {
    id: 'rates',
    unit: '/s',
    names: rates.map(([name]) => name),
    data: [seconds, ...columns(...rates.map(([, field]) => field))],
  },
  { id: 'backlog', unit: '', names: ['waiting or in flight'], data: [seconds, ...columns('backlog')] },
  {
    id: 'age',
    unit: 's',
    names: ['longest wait'],
    data: [seconds, timeline.points.map(({ ageMs }) => (ageMs === null ? null : ageMs / 1000))],
  },
  { id: 'cpu', unit: '', names: processes.map((one) => one.name), data: usage((sample) => sample.cpuShare) },
  {
    id: 'memory',
    unit: 'MiB',
    names: processes.map((one) => one.name),
    data: usage((sample) => sample.rssBytes / 2 ** 20),
  },
]

const LABEL_PX = 11
const ROW_PX = 14
/** Below the phases' names there are so many rows for faults. */
const FAULT_ROWS = 3

function font(ctx, plot) {
  const { left, top, width, height } = plot.bbox
  ctx.beginPath()
  ctx.rect(left, top, width, height)
  ctx.clip()
  ctx.textAlign = 'left'
  ctx.font = `${LABEL_PX * devicePixelRatio}px system-ui`
}

/** A line over the whole height, and a name beside its upper end. */
function mark(plot, atMs, name, ink) {
  const { ctx, bbox } = plot
  const x = plot.valToPos(atMs / 1000, 'x', true)
  ctx.strokeStyle = ctx.fillStyle = ink
  ctx.setLineDash([4, 4])
  ctx.beginPath()
  ctx.moveTo(x, bbox.top)
  ctx.lineTo(x, bbox.top + bbox.height)
  ctx.stroke()
  ctx.fillText(name, x + 4 * devicePixelRatio, bbox.top + ROW_PX * devicePixelRatio)
}

/** Where one phase ends and the next begins, where only retries are left, and when goodput was back. */
function drawPhases(plot) {
  const { ctx, bbox } = plot
  ctx.save()
  font(ctx, plot)
  for (const phase of phases) mark(plot, phase.fromMs, phase.name, colour('--soft'))
  const endMs = phases.at(-1).untilMs
  if (timeline.points.at(-1).atMs > endMs + 1000) mark(plot, endMs, 'no more first attempts', colour('--soft'))
  if (recoveredAtMs !== null) {
    ctx.strokeStyle = ctx.fillStyle = colour('--c')
    ctx.setLineDash([])
    ctx.lineWidth = 2 * devicePixelRatio
    const x = plot.valToPos(recoveredAtMs / 1000, 'x', true)
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    ctx.fillText('goodput is back', x + 4 * devicePixelRatio, bbox.top + (FAULT_ROWS + 2) * ROW_PX * devicePixelRatio)
  }
  ctx.restore()
}

/** When something was done to the stack on purpose: a band over the whole height. */
function drawBands(plot) {
  const { ctx, bbox } = plot
  ctx.save()
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
  const { ctx, bbox } = plot
  ctx.save()
  font(ctx, plot)
  ctx.fillStyle = colour('--text')
  for (const [at, { text, fromMs }] of bands.entries()) {
    const from = plot.valToPos(fromMs / 1000, 'x', true)
    const row = 2.2 + (at % FAULT_ROWS)
    ctx.fillText(text, from + 4 * devicePixelRatio, bbox.top + row * ROW_PX * devicePixelRatio)
  }
  ctx.restore()
}

function draw() {
  const inks = ['--a', '--b', '--c', '--d', '--e', '--f', '--g'].map(colour)
  const axis = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line') },
  }
  for (const { id, unit, log, gaps, names, data } of charts) {
    const place = document.getElementById(id)
    // A target has no backlog that we know of.
    if (!place) continue
    place.replaceChildren()
    const value = (_, at) => (at == null ? '–' : `${at < 10 ? at.toFixed(2) : Math.round(at)} ${unit}`)
    const series = names.map((label, at) => ({
      label,
      value,
      stroke: inks[at % inks.length],
      width: label === 'accepted' ? 3 : 1.5,
      // Retries are drawn as a mass on top of the first attempts.
      ...(label === 'retries' && { fill: colour('--retries') }),
      spanGaps: !gaps,
      points: { show: false },
    }))
    const options = {
      width: place.clientWidth,
      height: 240,
      scales: {
        x: { time: false },
        y: log ? { distr: 3 } : { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(1, (high ?? 1) * 1.35)] },
      },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
        { ...axis, size: 64 },
      ],
      series: [{ label: 'at', value: (_, at) => (at == null ? '–' : `${at.toFixed(1)} s`) }, ...series],
      hooks: { drawClear: [drawBands], draw: [drawPhases, drawNames] },
    }
    new uPlot(options, data, place)
  }
}

draw()
addEventListener('resize', draw)
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
