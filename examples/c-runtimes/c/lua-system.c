/* What Lua's library asks of C and WASI does not have. */

#include <errno.h>
#include <stdio.h>

int system(const char *command) { return command ? -1 : 0; }

FILE *tmpfile(void) {
  errno = ENOSYS;
  return NULL;
}

char *tmpnam(char *name) {
  (void)name;
  return NULL;
}
