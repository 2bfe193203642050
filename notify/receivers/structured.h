// notify/receivers/structured.h
//
// Rendered structures: a text that reads as YAML of another kind than a text (a number, true, a list, and so JSON too)
// stands for what it says.
#pragma once

#include "notify/config/text_tree.h"
#include "notify/receivers/alert_json.h"
#include "notify/receivers/view.h"

namespace bellwether::notify {

// kExecution, naming the field, if a template fails.
[[nodiscard]] base::Result<OrderedJson> RenderTree(const TextTree& tree, std::string_view field,
                                                   const TextRenderer& renderer);

// What a rendered text stands for.
[[nodiscard]] OrderedJson StructureOf(const std::string& text);

}  // namespace bellwether::notify
