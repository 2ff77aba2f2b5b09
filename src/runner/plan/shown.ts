/** A password may hold any sign, also a bare @ or /: it ends at the last @. A port, and what follows it, is none. */
const PASSWORD = /(^[^/@\s:]*|\/\/[^/@\s:]*):(?!\d*(?:[/?#\s]|$))[^\s"]*@/g

/** An address that may be shown, or words with addresses in them: without passwords, and without secrets in a query. */
export function shownUrl(url: string): string {
  return url
    .replace(PASSWORD, '$1@')
    .replace(/([?&;](?:[\w-]*(?:password|passwd|secret|token|key))=)[^&;#\s]*/gi, '$1***')
}

/** A value as a shell takes it. */
export function shownValue(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
