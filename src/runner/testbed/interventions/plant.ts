import { sleep } from '../../../core/contracts/clock.ts'
import type { ServiceLimits } from '../../../core/service/limits.ts'
import type { ProcessLevers } from '../../faults/levers.ts'
import type { Plant } from '../../records/intervention.ts'
import { Interventions } from './interventions.ts'
import { spin } from './spin.ts'

/** Puts what was planted into a process, beneath all that a trial does to it: work done twice repeats it. */
export function plant(
  levers: ProcessLevers,
  { effectCpuMs = 0, syncMs = 0, publishMs = 0, effectMs = 0 }: Plant,
): void {
  levers.delaySyncs(syncMs)
  if (publishMs > 0) {
    levers.wrapPublish((publish) => async (events, options) => {
      await publish(events, options)
      await sleep(levers.clock, publishMs)
    })
  }
  if (effectCpuMs > 0) {
    levers.wrapEffect((effect) => (event, tx) => {
      spin(effectCpuMs)
      return effect(event, tx)
    })
  }
  if (effectMs > 0) {
    levers.wrapEffect((effect) => (event, tx) => sleep(levers.clock, effectMs).then(() => effect(event, tx)))
  }
}

/** The address to load a provider from. */
export function plantedProvider(module: string, { verifyCpuMs: addMs = 0 }: Plant): string {
  return new Interventions({ what: 'delay', resource: 'verifying-threads', addMs }).provider(module)
}

/** Limits of the service in place of its own. */
export function plantedLimits({ places = {} }: Plant): Partial<ServiceLimits> {
  const { publishEventsMax: _ofQueue, ...limits } = places
  return limits
}
