/** How wide a terminal is; undefined: it is a pipe or a file. */
export function columnsOf({ isTTY, columns }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number | undefined {
  return isTTY ? columns : undefined
}
