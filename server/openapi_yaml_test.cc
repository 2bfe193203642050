// The description of the API is YAML that others can read.
#include <gtest/gtest.h>

#include <string>

#include "api/openapi.h"
#include "yaml/yaml_tree.h"

namespace bellwether::server {
namespace {

TEST(OpenApiYamlTest, IsReadable) {
  const yaml::YamlDocument document = yaml::ReadYaml(api::OpenApiYaml("3.1.0", "0.1.0"));
  for (const yaml::YamlFault& fault : document.faults)
    ADD_FAILURE() << yaml::PositionText(fault.position) << fault.text;
  ASSERT_EQ(document.root.kind, yaml::YamlNode::Kind::kMapping);
  for (const yaml::YamlField& field : document.root.fields) {
    if (field.key != "paths") continue;
    EXPECT_EQ(field.value.fields.size(), api::ApiOperations().size());
  }
}

}  // namespace
}  // namespace bellwether::server
