import { defineScenario } from '../src/runner/scenario/scenario.ts'
import { SALE } from './shared/sale.ts'

/** An attack would last so many ms. The run ends earlier. */
const TO_THE_END_MS = 45_000

/**
 * Over three times as many bad requests as good ones, and many connections that only hold on. A receiver refuses each request
 * as cheaply as it can: by its head, by a body's length before the body is read, at the latest by one HMAC.
 */
export default defineScenario({
  ...SALE,
  name: 'attack',
  question:
    'When forged, stale, oversized, malformed and slow senders come at several times the good load, does the good traffic notice?',
  durationMs: 60_000,
  quickMs: 18_000,
  shape: () => 1,
  phases: [
    { name: 'calm', until: 0.25 },
    { name: 'under attack', until: 1 },
  ],
  // Attackers and senders use the stack's own cores: at a higher rate good requests would wait for a core, not for the receiver.
  ratePerS: 150,
  faults: [],
  attacks: [
    { kind: 'forged', at: 0.25, forMs: TO_THE_END_MS, times: 2 },
    { kind: 'stale', at: 0.25, forMs: TO_THE_END_MS, times: 0.5 },
    { kind: 'malformed', at: 0.25, forMs: TO_THE_END_MS, times: 0.8 },
    { kind: 'oversized', at: 0.25, forMs: TO_THE_END_MS, times: 0.05, connections: 32 },
    { kind: 'slow', at: 0.25, forMs: TO_THE_END_MS, times: 0.2, connections: 200 },
  ],
  passes: { acceptP99Ms: 500, drainMs: 20_000 },
})
