// Draws the report's charts. Runs in the browser, with uPlot loaded before it.
const { timeline, processes, phases, faults } = JSON.parse(document.getElementById('data').textContent)
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

const charts = [
  {
    id: 'latency',
    unit: 'ms',
    log: true,
    names: ['p50', 'p99', 'max'],
    data: [seconds, ...columns('p50Ms', 'p99Ms', 'maxMs')],
  },
  {
    id: 'rates',
    unit: '/s',
    names: ['first attempts', 'retries', 'accepted', 'effects'],
    data: [seconds, ...columns('offered', 'retries', 'accepted', 'effects')],
  },
  { id: 'backlog', unit: '', names: ['waiting or in flight'], data: [seconds, ...columns('backlog')] },
  { id: 'cpu', unit: '', names: processes.map((one) => one.name), data: usage((sample) => sample.cpuShare) },
  {
    id: 'memory',
    unit: 'MiB',
    names: processes.map((one) => one.name),
    data: usage((sample) => sample.rssBytes / 2 ** 20),
  },
]

/** Where one phase ends and the next begins. */
function drawPhases(plot) {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.strokeStyle = ctx.fillStyle = colour('--soft')
  ctx.textAlign = 'left'
  ctx.font = `${11 * devicePixelRatio}px system-ui`
  for (const phase of phases) {
    const x = plot.valToPos(phase.fromMs / 1000, 'x', true)
    ctx.setLineDash([4, 4])
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    ctx.fillText(phase.name, x + 4, bbox.top + 12 * devicePixelRatio)
  }
  ctx.restore()
}

/** When something was done to the stack on purpose: a band over the whole height. */
function drawFaults(plot) {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const fault of faults) {
    const from = plot.valToPos(fault.fromMs / 1000, 'x', true)
    const until = plot.valToPos(fault.untilMs / 1000, 'x', true)
    ctx.fillStyle = colour('--fault')
    ctx.fillRect(from, bbox.top, Math.max(2 * devicePixelRatio, until - from), bbox.height)
    ctx.fillStyle = colour('--text')
    ctx.font = `${11 * devicePixelRatio}px system-ui`
    ctx.save()
    ctx.translate(from + 4 * devicePixelRatio, bbox.top + bbox.height - 6 * devicePixelRatio)
    ctx.rotate(-Math.PI / 2)
    ctx.fillText(fault.what, 0, 10 * devicePixelRatio)
    ctx.restore()
  }
  ctx.restore()
}

function draw() {
  const inks = ['--a', '--b', '--c', '--d'].map(colour)
  const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line') }, ticks: { stroke: colour('--line') } }
  for (const { id, unit, log, names, data } of charts) {
    const place = document.getElementById(id)
    place.replaceChildren()
    const value = (_, at) => (at == null ? '–' : `${at < 10 ? at.toFixed(2) : Math.round(at)} ${unit}`)
    const series = names.map((label, at) => ({
      label,
      value,
      stroke: inks[at % inks.length],
      width: 1.5,
      spanGaps: true,
      points: { show: false },
    }))
    const options = {
      width: place.clientWidth,
      height: 240,
      scales: {
        x: { time: false },
        y: log ? { distr: 3 } : { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(1, (high ?? 1) * 1.05)] },
      },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
        { ...axis, size: 64 },
      ],
      series: [{ label: 'at', value: (_, at) => (at == null ? '–' : `${at.toFixed(1)} s`) }, ...series],
      hooks: { drawClear: [drawFaults], draw: [drawPhases] },
    }
    new uPlot(options, data, place)
  }
}

draw()
addEventListener('resize', draw)
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
