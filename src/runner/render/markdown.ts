import type { Report } from '../report/report-schema.ts'

/** For a comment on a pull request. */
export function markdown(report: Report): string {
  const { audit, setup } = report
  const cell = (text: string) => text.replaceAll('|', '\\|')
  return [
    `### floodmark ${report.scenario.name}: **${report.verdict}**`,
    '',
    `${setup.receiver} → ${setup.queue} → ${setup.ledger}, peak ${Math.round(setup.peakPerS)}/s, ${audit.planned} events`,
    '',
    '| check | measured | wanted | |',
    '|---|---|---|---|',
    ...report.checks.map(
      ({ check, ok, measured, wanted, warning }) =>
        `| ${cell(check)} | ${cell(measured)} | ${cell(wanted)} | ${warning ? 'warning' : ok ? 'ok' : ok === null ? 'undecided' : '**failed**'} |`,
    ),
    '',
    `${audit.planned} planned = ${audit.applied} applied + ${audit.buried} buried + ${audit.refused} refused + ${audit.unsent} unsent + ${audit.unknown} unknown + ${audit.lost} lost`,
    '',
    `\`${report.reproduce}\``,
    '',
  ].join('\n')
}
