#include "yaml/field_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "yaml/suggestion.h"
#include "yaml/yaml_tree.h"

namespace bellwether::yaml {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(FieldReader, ReadsEachKind) {
  const YamlDocument document =
      ReadYaml("text: a b\nwait: 1h30m\nn: -5\non_fire: true\nlabels: {a: x, b: ''}\nlist: [1, 2]\n");
  ASSERT_THAT(document.faults, IsEmpty());
  FaultList faults("f.yml");
  FieldReader reader(document.root, "the file", faults);
  EXPECT_EQ(reader.Text("text"), "a b");
  EXPECT_EQ(reader.Duration("wait"), base::Minutes(90));
  EXPECT_EQ(reader.Integer("n"), -5);
  EXPECT_EQ(reader.Bool("on_fire"), true);
  EXPECT_EQ(reader.Bool("absent"), std::nullopt);
  EXPECT_EQ(reader.Texts("labels"), (TextMap{{"a", "x"}, {"b", ""}}));
  EXPECT_EQ(reader.List("list").size(), 2u);
  EXPECT_THAT(faults.Take(), IsEmpty());
}

TEST(FieldReader, NamesPlaceAndRemedyOfEachFault) {
  const YamlDocument document = ReadYaml("intervall: 5m\nwait: soon\nn: many\nflag: yes\nlater: 1\n");
  FaultList faults("f.yml");
  FieldReader reader(document.root, "the file", faults);
  reader.Duration("wait");
  reader.Integer("n");
  reader.Bool("flag");
  constexpr std::string_view kKnown[] = {"interval", "wait", "n", "flag"};
  constexpr std::string_view kReserved[] = {"later"};
  reader.RefuseUnknown(kKnown, kReserved);
  EXPECT_THAT(faults.Take(), ElementsAre(HasSubstr("f.yml: 1:1: unknown field 'intervall', did you mean 'interval'?"),
                                         HasSubstr("f.yml: 2:7: invalid field 'wait'"),
                                         HasSubstr("f.yml: 3:4: field 'n' must be a whole number"),
                                         HasSubstr("f.yml: 4:7: field 'flag' must be true or false, not \"yes\""),
                                         HasSubstr("f.yml: 5:1: field 'later' is not supported by this version")));
}

TEST(YamlTree, DuplicateKeysMergesAndRunawayAliases) {
  EXPECT_THAT(ReadYaml("a: 1\na: 2\n").faults[0].text, HasSubstr("given twice, first at 1:1"));
  const YamlDocument merged = ReadYaml("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\n");
  ASSERT_EQ(merged.root.fields.size(), 2u);
  EXPECT_EQ(merged.root.fields[1].value.fields.size(), 2u);
  EXPECT_FALSE(ReadYaml("a: [1\n").faults.empty());
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) laughs += (k > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    laughs += "]\n";
  }
  EXPECT_THAT(ReadYaml(laughs).faults[0].text, HasSubstr("too many values"));
}

TEST(Suggestion, NearNamesOnly) {
  constexpr std::string_view kKnown[] = {"annotations", "labels", "expr"};
  EXPECT_EQ(Suggest("anotations", kKnown), "annotations");
  EXPECT_EQ(Suggest("Label", kKnown), "labels");
  EXPECT_EQ(Suggest("receiver", kKnown), "");
}

}  // namespace
}  // namespace bellwether::yaml
