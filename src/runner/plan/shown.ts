/** An address without what would let its reader in: no password, and no secret in its query. */
export function shownUrl(url: string): string {
  return url
    .replace(/(\/\/[^/@\s:]*):[^/@\s]*@/g, '$1@')
    .replace(/([?&;](?:[\w-]*(?:password|passwd|secret|token|key))=)[^&;#\s]*/gi, '$1***')
}

/** A value as a shell takes it. */
export function shownValue(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
