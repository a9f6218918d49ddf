/* Runs a script of SQL on a database in memory, on connections of its own, and prints a checksum of all answers. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sqlite3.h"

/* One after the other. */
enum { CONNECTIONS = 3 };

static uint32_t checksum = 2166136261u;
static unsigned long rows;

static void add(const char *text) {
  for (; *text; text++) checksum = (checksum ^ (unsigned char)*text) * 16777619u;
}

static int row(void *unused, int columns, char **values, char **names) {
  (void)unused;
  rows++;
  for (int i = 0; i < columns; i++) {
    add(names[i]);
    add(values[i] ? values[i] : "NULL");
  }
  return 0;
}

/* The least that SQLite wants of an operating system (built with SQLITE_OS_OTHER): no files, and no time. */
static int no_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
  (void)vfs, (void)name, (void)flags, (void)out;
  file->pMethods = NULL;
  return SQLITE_CANTOPEN;
}
static int no_delete(sqlite3_vfs *vfs, const char *name, int sync) {
  (void)vfs, (void)name, (void)sync;
  return SQLITE_IOERR_DELETE;
}
static int no_access(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
  (void)vfs, (void)name, (void)flags;
  *result = 0;
  return SQLITE_OK;
}
static int full_path(sqlite3_vfs *vfs, const char *name, int size, char *out) {
  (void)vfs;
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}
static int randomness(sqlite3_vfs *vfs, int size, char *out) {
  (void)vfs;
  memset(out, 1, size);
  return size;
}
static int no_sleep(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return microseconds;
}
static int no_time(sqlite3_vfs *vfs, double *now) {
  (void)vfs;
  *now = 2460000.5;
  return SQLITE_OK;
}

int sqlite3_os_init(void) {
  static sqlite3_vfs none = {.iVersion = 1, .szOsFile = sizeof(sqlite3_file), .mxPathname = 256, .zName = "none",
                             .xOpen = no_open, .xDelete = no_delete, .xAccess = no_access, .xFullPathname = full_path,
                             .xRandomness = randomness, .xSleep = no_sleep, .xCurrentTime = no_time};
  return sqlite3_vfs_register(&none, 1);
}

int sqlite3_os_end(void) { return SQLITE_OK; }

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  FILE *file = fopen(argv[1], "rb");
  if (!file) return 2;
  static char script[1 << 16];
  script[fread(script, 1, sizeof script - 1, file)] = 0;
  fclose(file);
  for (int times = 0; times < CONNECTIONS; times++) {
    sqlite3 *db;
    char *message = NULL;
    if (sqlite3_open(":memory:", &db) || sqlite3_exec(db, script, row, NULL, &message)) {
      fprintf(stderr, "%s\n", message ? message : "cannot open");
      return 1;
    }
    sqlite3_close(db);
  }
  printf("sqlite %s rows %lu checksum %08x\n", sqlite3_libversion(), rows, checksum);
  return 0;
}
