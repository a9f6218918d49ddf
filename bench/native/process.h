/* What a native benchmark asks of its process: processor time, peak resident memory, the name of its malloc. */
#ifndef _GNU_SOURCE
#error "compile with -D_GNU_SOURCE"
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

/* Processor time and not the wall's: other work on the machine then costs little but cache. */
static inline uint64_t processor_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * Peak resident memory in bytes. Linux keeps ru_maxrss across exec, so that it would tell the size of the process
 * that started this one; VmHWM belongs to the address space. No stdio: it would allocate.
 */
static inline uint64_t peak_resident(void) {
  char text[4096];
  int file = open("/proc/self/status", O_RDONLY);
  if (file >= 0) {
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = 0;
    char *line = strstr(text, "VmHWM:");
    if (line) return strtoull(line + 6, NULL, 10) * 1024;
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return (uint64_t)usage.ru_maxrss;
#else
  return (uint64_t)usage.ru_maxrss * 1024;
#endif
}

/* The malloc that this process really runs with: a library that could not be preloaded is only warned about. */
static const char *allocator_name(void) {
  static char name[128];
  int (*mi_version)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "mi_version");
  if (mi_version) {
    int version = mi_version();
    snprintf(name, sizeof name, version < 1000 ? "mimalloc %d.%d.%d" : "mimalloc %d.%d.%02d",
             version / (version < 1000 ? 100 : 1000), version / (version < 1000 ? 10 : 100) % 10,
             version % (version < 1000 ? 10 : 100));
    return name;
  }
  const char *(*tc_version)(int *, int *, const char **) =
      (const char *(*)(int *, int *, const char **))dlsym(RTLD_DEFAULT, "tc_version");
  if (tc_version) {
    int major = 0, minor = 0;
    const char *patch = "";
    tc_version(&major, &minor, &patch);
    snprintf(name, sizeof name, "tcmalloc %d.%d%s", major, minor, patch);
    return name;
  }
  int (*mallctl)(const char *, void *, size_t *, void *, size_t) =
      (int (*)(const char *, void *, size_t *, void *, size_t))dlsym(RTLD_DEFAULT, "mallctl");
  if (mallctl) {
    const char *version = "";
    size_t length = sizeof version;
    mallctl("version", &version, &length, NULL, 0);
    snprintf(name, sizeof name, "jemalloc %.*s", (int)strcspn(version, "-"), version);
    return name;
  }
#ifdef FLOOR
  return "floor";
#elif defined __GLIBC__
  snprintf(name, sizeof name, "glibc %s", gnu_get_libc_version());
  return name;
#else
  return "system malloc";
#endif
}

/* Maps a file of u32 words and reads every page of it, so that none of them turns up as growth later. */
static const uint32_t *map_file(const char *path, size_t *words) {
  struct stat status;
  int file = open(path, O_RDONLY);
  if (file < 0 || fstat(file, &status) || status.st_size < 32) {
    fprintf(stderr, "%s: cannot be read\n", path);
    exit(2);
  }
  const uint32_t *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (map == MAP_FAILED) {
    fprintf(stderr, "%s: cannot be mapped\n", path);
    exit(2);
  }
  *words = (size_t)status.st_size / 4;
  volatile uint32_t sum = 0;
  for (size_t i = 0; i < *words; i += 1024) sum += map[i];
  return map;
}
