import steady from '../../scenarios/steady.ts'
import { defineScenario } from '../../src/runner/scenario/scenario.ts'

/** For tests: every fault that can hit a stack in one process, one after the other. */
export default defineScenario({
  ...steady,
  name: 'troubles',
  quickMs: 16_000,
  faults: [
    { at: 0.05, forMs: 500, what: 'stall', strikes: 'stack' },
    { at: 0.12, forMs: 600, what: 'clock-jump', byMs: 60_000, strikes: 'stack' },
    { at: 0.2, forMs: 600, what: 'slow-effects', addMs: 20, strikes: 'processors' },
    { at: 0.28, forMs: 600, what: 'failing-effects', share: 0.05, strikes: 'processors' },
    { at: 0.36, forMs: 600, what: 'slow-disk', addMs: 50, strikes: 'stack' },
    { at: 0.44, forMs: 600, what: 'latency', addMs: 30, jitterMs: 10, strikes: 'senders-link' },
    { at: 0.52, forMs: 400, what: 'cut', strikes: 'senders-link' },
    { at: 0.58, forMs: 400, what: 'blackhole', strikes: 'senders-link' },
    { at: 0.64, forMs: 400, what: 'drop-replies', strikes: 'senders-link' },
    { at: 0.7, forMs: 400, what: 'pause', strikes: 'stack' },
    { at: 0.76, forMs: 200, what: 'restart', strikes: 'stack' },
    { at: 0.86, forMs: 200, what: 'kill', strikes: 'stack' },
  ],
  passes: { ...steady.passes, drainMs: 15_000, refusals: 'allowed' },
})
