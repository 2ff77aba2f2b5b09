import { changeProvider } from './change-provider.ts'

/** The provider that the query of this module's address asks for: threads that verify load their provider by its address. */
const asked = new URL(import.meta.url).searchParams
export default changeProvider((await import(asked.get('of')!)).default, {
  twice: asked.get('twice'),
  spinMs: Number(asked.get('spinMs')),
  module: import.meta.url,
})
