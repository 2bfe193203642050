// incidents/topology_store.h
//
// The topology in force: components of the configuration file, and those given through the API, which are kept in the
// state store under "incidents/topology". The file's may not depend on the API's. When the file changes so that what
// the API gave no longer fits it, the API's part is left out of force, and comes back when it fits again.
//
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "incidents/topology.h"
#include "storage/state_store.h"

namespace bellwether::incidents {

class TopologyStore {
 public:
  // `state` outlives the store.
  explicit TopologyStore(storage::StateStore& state);

  // Reads what the API gave; SetDeclared puts it in force. Call once, before anything else. Errors: the state store's.
  base::Status Load();

  // `listener` is called after each change, under no lock. Call before anything else.
  void SetListener(std::function<void()> listener) { listener_ = std::move(listener); }

  // The file's components. What is left out of force is said in the log.
  void SetDeclared(std::vector<Component> components);

  // Puts the components of `document` (see ParseTopology) in the place of those that the API gave before. On OK they
  // are durable. kInvalidArgument names the faults; the state store's errors.
  base::Status Put(std::string_view document);

  [[nodiscard]] std::shared_ptr<const Topology> Current() const;
  // Whether the API gave a component that is in force.
  [[nodiscard]] bool IsFromApi(const ComponentId& id) const;

 private:
  void PutInForce(std::vector<Component> declared, std::vector<Component> given) BW_REQUIRES(turn_);
  base::Status Replace(std::string_view document) BW_REQUIRES(turn_);
  void TellListener() const;
  void Combine(std::vector<Component> declared) BW_REQUIRES(turn_);

  storage::StateStore& state_;
  std::function<void()> listener_;

  base::Mutex turn_;  // Held over a whole change, writes included: it keeps changes apart.
  std::string document_ BW_GUARDED_BY(turn_);

  mutable base::Mutex mu_;
  std::vector<Component> declared_ BW_GUARDED_BY(mu_);
  std::shared_ptr<const Topology> current_ BW_GUARDED_BY(mu_) = std::make_shared<const Topology>();
};

}  // namespace bellwether::incidents
