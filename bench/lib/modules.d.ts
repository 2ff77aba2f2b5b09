/** The part of autocannon that is used here; the package brings no types. */
declare module 'autocannon' {
  interface Result {
    readonly '2xx': number
    readonly non2xx: number
    readonly errors: number
    readonly timeouts: number
    /** s */
    readonly duration: number
    /** ms */
    readonly latency: { readonly p50: number; readonly p99: number; readonly max: number }
  }
  export default function autocannon(options: object): Promise<Result>
}
