/** The part of autocannon that is used here. The package has no types. */
declare module 'autocannon' {
  interface Result {
    readonly '2xx': number
    readonly non2xx: number
    readonly errors: number
    readonly timeouts: number
    /** In seconds. */
    readonly duration: number
    /** In milliseconds. */
    readonly latency: { readonly p50: number; readonly p99: number; readonly max: number }
  }
  export default function autocannon(options: object): Promise<Result>
}
