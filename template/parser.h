// template/parser.h
//
// Template text to trees.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "template/tree.h"

namespace bellwether::templating {

// The trees of `text`: those it defines in order, and last the text itself under `name`. `has_function` says whether a
// function of that name will be there when it runs. Errors: kInvalidArgument "template: NAME:LINE: ...", in the words
// of Go's text/template.
[[nodiscard]] base::Result<std::vector<std::shared_ptr<const Tree>>> ParseTrees(
    const std::string& name, std::string_view text, const std::function<bool(std::string_view)>& has_function);

}  // namespace bellwether::templating
