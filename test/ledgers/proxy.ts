import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy before a server. It can let requests through and cut the connection instead of bringing the reply. */
export async function proxyTo(first: number) {
  let port = first
  const open = new Set<Socket>()
  let repliesToDrop = 0
  const listener = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    for (const socket of [client, server]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        server.destroy()
      })
    }
    client.pipe(server)
    server.on('data', (reply) => {
      if (repliesToDrop === 0) return client.write(reply)
      repliesToDrop--
      client.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    port: (listener.address() as { port: number }).port,
    /** New connections lead to another server. */
    leadTo(other: number): void {
      port = other
    },
    /** Loses the next replies, each with its connection. */
    dropReplies(count: number): void {
      repliesToDrop = count
    },
    get dropped(): boolean {
      return repliesToDrop === 0
    },
    close(): void {
      listener.close()
      for (const socket of open) socket.destroy()
    },
  }
}
