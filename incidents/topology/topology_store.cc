#include "incidents/topology_store.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/log.h"

namespace bellwether::incidents {
namespace {

constexpr std::string_view kTopologyKey = "incidents/topology";
constexpr const char* kDocumentName = "topology";  // In messages: it stands in no file.

}  // namespace

TopologyStore::TopologyStore(storage::StateStore& state) : state_(state) {}

base::Status TopologyStore::Load() {
  const base::MutexLock turn(turn_);
  BW_ASSIGN_OR_RETURN(const std::optional<std::string> stored, state_.Get(kTopologyKey));
  document_ = stored.value_or("");
  return base::OkStatus();
}

void TopologyStore::SetDeclared(std::vector<Component> components) {
  {
    const base::MutexLock turn(turn_);
    Combine(std::move(components));
  }
  TellListener();
}

void TopologyStore::TellListener() const {
  if (listener_) listener_();
}

void TopologyStore::Combine(std::vector<Component> declared) {
  std::vector<Component> given;
  if (!document_.empty()) {
    auto parsed = ParseTopology(kDocumentName, document_, "", declared);
    if (parsed.ok()) {
      given = *std::move(parsed);
    } else {
      BW_LOG(kError, "the components given through the API do not fit those of the configuration and are left out",
             {"faults", parsed.status().message()});
    }
  }
  PutInForce(std::move(declared), std::move(given));
}

base::Status TopologyStore::Put(std::string_view document) {
  {
    const base::MutexLock turn(turn_);
    BW_RETURN_IF_ERROR(Replace(document));
  }
  TellListener();
  return base::OkStatus();
}

base::Status TopologyStore::Replace(std::string_view document) {
  std::vector<Component> declared;
  {
    const base::MutexLock lock(mu_);
    declared = declared_;
  }
  BW_ASSIGN_OR_RETURN(std::vector<Component> given, ParseTopology(kDocumentName, document, "", declared));
  storage::StateBatch batch;
  batch.Put(std::string(kTopologyKey), std::string(document));
  BW_RETURN_IF_ERROR(state_.Apply(batch));
  document_ = std::string(document);
  PutInForce(std::move(declared), std::move(given));
  return base::OkStatus();
}

void TopologyStore::PutInForce(std::vector<Component> declared, std::vector<Component> given) {
  std::vector<Component> all = declared;
  all.insert(all.end(), std::make_move_iterator(given.begin()), std::make_move_iterator(given.end()));
  auto topology = std::make_shared<const Topology>(std::move(all));
  const base::MutexLock lock(mu_);
  declared_ = std::move(declared);
  current_ = std::move(topology);
}

std::shared_ptr<const Topology> TopologyStore::Current() const {
  const base::MutexLock lock(mu_);
  return current_;
}

bool TopologyStore::IsFromApi(const ComponentId& id) const {
  const base::MutexLock lock(mu_);
  return std::none_of(declared_.begin(), declared_.end(), [&](const Component& c) { return c.id == id; });
}

}  // namespace bellwether::incidents
