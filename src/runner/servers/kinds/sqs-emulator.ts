import { buildApp } from 'fauxqs'

/** The emulator as a process of its own, on 127.0.0.1 alone: its own command would listen on every address. */
await buildApp({ logger: false }).listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
