// base/process_memory.h
//
// What the process costs the machine in memory that cannot be read from files again.
#pragma once

#include <cstdint>

namespace bellwether::base {

// Bytes of anonymous memory, as /proc/self/statm tells; 0 where it does not. Some microseconds.
[[nodiscard]] std::uint64_t ProcessMemory();

// Asks the allocator to give freed memory back to the machine. May take a while.
void ReturnFreeMemory();

}  // namespace bellwether::base
