#include "storage/contract/storage_contract.h"

namespace bellwether::storage::contract {
namespace {

OpenStore OpenMemory(const StorageOptions& options, base::Clock& clock, base::MetricsRegistry& metrics) {
  return {nullptr, NewMemoryStorage(options, clock, metrics)};
}

INSTANTIATE_TEST_SUITE_P(Memory, StorageContractTest, testing::Values(StorageMaker{"memory", OpenMemory}), MakerName);

}  // namespace
}  // namespace bellwether::storage::contract
