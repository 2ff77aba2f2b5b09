// Fills the page of a run that goes on. Runs in the browser, after page.js, whose charts it has drawn.
/* global take, draw */

const STEP_MS = 500
const DRAW_MS = 1000
let run
let samples = []
let isStale = false

const byId = (id) => document.getElementById(id)
const counted = (value) => Math.round(value).toLocaleString('en')

/** What happened between two samples, as a report has it by steps. */
function points() {
  return samples.slice(1).map((sample, at) => {
    const before = samples[at]
    const perS = (name) =>
      sample[name] === null ? null : ((sample[name] - before[name]) * 1000) / Math.max(1, sample.atMs - before.atMs)
    return {
      atMs: before.atMs,
      offered: perS('sent'),
      retries: perS('retries'),
      accepted: perS('accepted'),
      effects: perS('applied'),
      refused: perS('refused'),
      unanswered: perS('unanswered'),
      givenUp: 0,
      p50Ms: sample.p50Ms,
      p99Ms: sample.p99Ms,
      maxMs: null,
      ageMs: null,
      backlog: sample.backlog,
    }
  })
}

function redraw() {
  if (!run || !isStale || samples.length < 2) return
  isStale = false
  const nowMs = samples.at(-1).atMs
  take({
    timeline: { points: points(), stepMs: STEP_MS },
    processes: [],
    phases: run.phases,
    bands: run.bands.filter(({ fromMs }) => fromMs <= nowMs),
    recoveredAtMs: null,
    followed: samples.at(-1).applied !== null,
    acceptP99Ms: run.acceptP99Ms,
    attacks: [],
  })
  draw()
}

/** Figures so far; none of those that can be harm are hidden where they are not 0. */
function showTiles() {
  const last = samples.at(-1)
  if (!last) return
  const wait = (valueMs, words) => [
    valueMs === null ? '–' : `${valueMs.toFixed(valueMs < 10 ? 2 : 0)} ms`,
    words,
    valueMs === null ? 'plain' : valueMs > run.acceptP99Ms ? 'bad' : 'good',
  ]
  const known = (value, words) => (value === null ? [] : [[counted(value), words, 'plain']])
  const tiles = [
    wait(last.p99Ms, `p99 now; ${run.acceptP99Ms} ms allowed`),
    wait(last.firstP99Ms, `p99 so far${run.senders > 1 ? ', of the slowest sender' : ''}`),
    [counted(last.sent), 'sent', 'plain'],
    [counted(last.accepted), 'accepted', 'plain'],
    ...known(last.applied, 'took effect'),
    ...known(last.backlog, 'wait in the queue'),
    ...[
      ['retries', 'sent again'],
      ['buried', 'dead letters'],
      ['refused', 'attempts refused'],
      ['unanswered', 'attempts unanswered'],
      ['unsent', 'not sent'],
    ].flatMap(([name, words]) =>
      last[name] > 0 ? [[counted(last[name]), words, name === 'unsent' ? 'bad' : 'plain']] : [],
    ),
  ]
  byId('tiles').replaceChildren(
    ...tiles.map(([value, words, tone]) => {
      const tile = document.createElement('div')
      tile.className = `tile ${tone}`
      const figure = document.createElement('b')
      figure.textContent = value
      const name = document.createElement('span')
      name.textContent = words
      tile.append(figure, name)
      return tile
    }),
  )
  const leftS = Math.max(0, Math.ceil((run.durationMs - last.atMs) / 1000))
  const struck = run.bands.filter(({ fromMs, untilMs }) => fromMs <= last.atMs && last.atMs < untilMs)
  const faults = struck.length > 0 ? ` Now: ${struck.map(({ text }) => text).join('; ')}.` : ''
  byId('left').textContent =
    `${(last.atMs / 1000).toFixed(0)} s of ${(run.durationMs / 1000).toFixed(0)} s; ${leftS} s of sending to go.${faults}`
  const now = run.phases.find(({ untilMs }) => last.atMs < untilMs)
  if (phaseName === 'send') byId('phase').textContent = now ? now.name : 'last answers'
}

let phaseName = ''

function note(text) {
  const line = document.createElement('li')
  line.textContent = text
  byId('notes').append(line)
}

function found({ lines }) {
  byId('found').replaceChildren(
    ...lines.map((text) => {
      const line = document.createElement('li')
      line.textContent = text
      return line
    }),
  )
}

const source = new EventSource('/events')
// It tries again by itself; where the run is over without a report nobody answers any more.
source.onerror = () => {
  byId('left').textContent = 'Nobody answers: the run was ended, or this page has lost it. The terminal tells.'
}
const on = (name, work) => source.addEventListener(name, ({ data }) => work(JSON.parse(data)))
on('begin', (told) => {
  run = told.run
  samples = told.samples
  byId('title').textContent = run.title
  byId('notes').replaceChildren()
  told.notes.forEach(note)
  isStale = true
  showTiles()
})
on('phase', ({ name }) => {
  phaseName = name
  byId('phase').textContent = name
})
on('sample', ({ sample }) => {
  if (!run) return
  const last = samples.at(-1)
  if (last && sample.atMs <= last.atMs) samples.pop()
  else if (sample.atMs > 0) phaseName = phaseName === 'drain' ? phaseName : 'send'
  samples.push(sample)
  isStale = true
  showTiles()
})
on('found', found)
on('note', ({ text }) => note(text))
on('done', () => {
  source.close()
  location.replace('/report')
})
setInterval(redraw, DRAW_MS)
