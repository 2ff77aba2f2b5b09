/** What a server allows a service, beside how large one event may be. It is asked before the first request, and judged elsewhere. */
export type Quota =
  /**
   * Connections that a process opens at most, that one opens which only looks things up, that the server has for those who are
   * not its superuser, and that are open now.
   */
  | {
      readonly of: 'connections'
      readonly eachProcess: number
      readonly eachLook?: number
      readonly max: number
      readonly used: number
    }
  /** maxBytes 0: it has no limit of its own. */
  | { readonly of: 'memory'; readonly usedBytes: number; readonly maxBytes: number }
  /** `liftedBy`: what makes it larger. */
  | { readonly of: 'events'; readonly maxPerS: number; readonly liftedBy: string }
  /** Of all that this service's clients publish to one broker. */
  | { readonly of: 'publishing'; readonly maxBytesPerS: number }
  /** The driver's own client cannot ask. `needs`: the package by which it could. */
  | { readonly of: 'unasked'; readonly needs: string }
