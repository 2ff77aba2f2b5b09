import type { Undo } from './victim.ts'

/** Gives a function that does something around another one of the same kind. */
export type Wrap<F> = (inner: F) => F

type AnyFunction = (...args: never[]) => unknown

/** One function, seen through the layers that are around it just now. */
export class Layered<F extends AnyFunction> {
  /** What to call: the outermost layer. It is the function itself while there is none, so that calls then cost nothing. */
  top: F
  readonly #layers: { inner: F; readonly whole: F }[] = []

  constructor(base: F) {
    this.top = base
  }

  /** The new layer is the outermost. `wrap` is called once: what it keeps lasts until its layer is taken off. */
  add(wrap: Wrap<F>): Undo {
    // A layer finds what lies within it anew at each call, since layers within may be taken off first.
    const within = ((...args: Parameters<F>) => layer.inner(...args)) as unknown as F
    const layer = { inner: this.top, whole: wrap(within) }
    this.#layers.push(layer)
    this.top = layer.whole
    return () => {
      const at = this.#layers.indexOf(layer)
      if (at < 0) return
      const above = this.#layers[at + 1]
      if (above) above.inner = layer.inner
      else this.top = layer.inner
      this.#layers.splice(at, 1)
    }
  }
}

/** The layers that are on just now, around one function of every process that has it: those that run, and those that start later. */
export class Wraps<F extends AnyFunction> {
  readonly #functions: Layered<F>[] = []
  readonly #on = new Set<{ readonly wrap: Wrap<F>; readonly undos: Undo[] }>()

  around(base: F): Layered<F> {
    const layered = new Layered(base)
    this.#functions.push(layered)
    for (const { wrap, undos } of this.#on) undos.push(layered.add(wrap))
    return layered
  }

  add(wrap: Wrap<F>): Undo {
    const one = { wrap, undos: this.#functions.map((layered) => layered.add(wrap)) }
    this.#on.add(one)
    return () => {
      this.#on.delete(one)
      for (const undo of one.undos) undo()
    }
  }
}
