/** An address that may be shown: without password, and without a secret in its query. */
export function shownUrl(url: string): string {
  return url
    .replace(/(\/\/[^/@\s:]*):[^/@\s]*@/g, '$1@')
    .replace(/([?&;](?:[\w-]*(?:password|passwd|secret|token|key))=)[^&;#\s]*/gi, '$1***')
}

/** A value as a shell takes it. */
export function shownValue(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
