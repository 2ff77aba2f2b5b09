import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

export interface Preload {
  /** For LD_PRELOAD. */
  readonly path: string
  /** Why it cannot be used here. */
  readonly missing: string | undefined
}

function built(name: string, source: string): Preload {
  const folder = mkdtempSync(join(tmpdir(), `floodmark-${name}-`))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, `${name}.so`)
  if (process.platform !== 'linux') return { path, missing: 'preloading a library is shown on Linux only' }
  writeFileSync(join(folder, `${name}.c`), source)
  try {
    execFileSync('cc', ['-w', '-shared', '-fPIC', '-o', path, join(folder, `${name}.c`), '-ldl'], { stdio: 'pipe' })
    return { path, missing: undefined }
  } catch {
    return { path, missing: 'there is no C compiler (apt-get install gcc)' }
  }
}

/** Makes every sync a call that does nothing, as CI systems do to save time. */
export const noSyncs = () =>
  built(
    'no-syncs',
    'int fsync(int f){return 0;} int fdatasync(int f){return 0;} int msync(void*a,unsigned long b,int c){return 0;}',
  )

/** Sets the wall clock forward by 2 s, in every process that has it, once the file of STEP_FILE is there. */
export const clockStep = () =>
  built(
    'clock-step',
    `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static int stepped(void) {
  static int done;
  const char *file = getenv("STEP_FILE");
  if (!done && file && access(file, F_OK) == 0) done = 1;
  return done;
}
int clock_gettime(clockid_t id, struct timespec *at) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(id, at);
  if (id == CLOCK_REALTIME && stepped()) at->tv_sec += 2;
  return result;
}
int gettimeofday(struct timeval *at, void *zone) {
  static int (*real)(struct timeval *, void *);
  if (!real) real = dlsym(RTLD_NEXT, "gettimeofday");
  int result = real(at, zone);
  if (stepped()) at->tv_sec += 2;
  return result;
}
`,
  )
