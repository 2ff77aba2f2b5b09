import { createServer, type Server, type Socket } from 'node:net'

export interface TestServer {
  readonly port: number
  readonly host: '127.0.0.1'
  /** Requests so far. */
  readonly requests: () => number
  readonly connections: ReadonlySet<Socket>
  close(): Promise<void>
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A server that answers each whole request (head and stated body) as it is told; it may also never answer. `at`: its port. */
export async function testServer(onRequest: (socket: Socket, request: string) => void, at = 0): Promise<TestServer> {
  const connections = new Set<Socket>()
  let requests = 0
  const server = createServer({ noDelay: true }, (socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
    socket.on('error', () => {})
    let held = ''
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      held += text
      for (;;) {
        const headEnd = held.indexOf('\r\n\r\n')
        if (headEnd === -1) return
        const length = Number(/content-length: (\d+)/i.exec(held.slice(0, headEnd))?.[1] ?? 0)
        const end = headEnd + 4 + length
        if (held.length < end) return
        requests++
        onRequest(socket, held.slice(0, end))
        held = held.slice(end)
      }
    })
  })
  const port = await listening(server, at)
  return {
    host: '127.0.0.1',
    port,
    requests: () => requests,
    connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of connections) socket.destroy()
      }),
  }
}

function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
}
