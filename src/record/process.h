/*
 * record/process: what the kernel says about this process, for the process_* metrics.
 *
 * Reads /proc/self when asked; keeps nothing.
 */
#ifndef GW_RECORD_PROCESS_H
#define GW_RECORD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* Each value with its own flag: /proc may be hidden. */
struct gw_process {
    bool has_cpu, has_memory, has_threads, has_open_fds, has_max_fds;
    uint64_t cpu_ns; /* user and system */
    uint64_t resident_bytes, virtual_bytes, threads, open_fds, max_fds;
};
void gw_process_read(struct gw_process *process);

/* When the process was started, in nanoseconds since 1970; 0: unknown. */
uint64_t gw_process_start_wall_ns(void);

#endif
