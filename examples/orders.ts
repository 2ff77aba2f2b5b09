import type { ServiceOptions } from 'floodmark'

/** A shop's work for each event, for `startService({ …, processing: { ledger, ...orders(sendMail, warn) } })`. */
export function orders(
  sendMail: (about: string, once: string) => Promise<void>,
  warn: (line: string) => void,
): Omit<NonNullable<ServiceOptions['processing']>, 'ledger'> {
  return {
    effect: {
      // Exactly once: the writes of tx commit together with the mark that the event is done.
      books: ({ key, body }, tx) => tx.append(`orders/${key}`, body),
      // At least once: another service absorbs repetitions by its key. While that service is down, only this effect pauses.
      mail: ({ id, type }) => sendMail(type, `${id}#mail`),
    },
    classify: (error) => ((error as { status?: number }).status === 422 ? 'permanent' : undefined),
    gaps: { onGap: ({ key, expected, got }) => warn(`${key}: ${expected} to ${got - 1} are missing before ${got}`) },
  }
}
