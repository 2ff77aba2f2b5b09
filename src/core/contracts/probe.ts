/** What a server said when its client asked. */
export interface ProbeAnswer {
  /** Product and version, as far as it told. */
  readonly product: string
  /** Its process number, where the protocol tells it. */
  readonly pid: number | undefined
  /** Why it cannot be used although it speaks the protocol. */
  readonly trouble: string | undefined
}
