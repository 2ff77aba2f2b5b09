import type { ErrorCode } from '../../core/contracts/errors.ts'

/** What a process of the service does. */
export type ServiceRole = 'node' | 'receiver' | 'processor'

/** What the supervisor tells a process. The port's handle travels beside a setup. */
export type ToMember =
  | { readonly kind: 'setup'; readonly role: ServiceRole; readonly config: string }
  | { readonly kind: 'reload' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'stop' }

export type FromMember =
  | { readonly kind: 'ready'; readonly about: readonly string[] }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
