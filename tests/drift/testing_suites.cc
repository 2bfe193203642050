#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "judge/contingency.h"
#include "judge/multiple_testing.h"
#include "judge/proportion.h"
#include "judge/special_functions.h"
#include "tests/drift/finite_kolmogorov.h"
#include "tests/drift/golden.h"
#include "tests/drift/inputs.h"

namespace bellwether::golden {
namespace {

Json TableJson(const judge::TableTest& test) {
  return {{"statistic", test.statistic},
          {"dof", test.degrees},
          {"p_value", test.p_value},
          {"min_expected", test.least_expected}};
}

Json ChiSquareCase(const Json& one, const Json&) {
  const judge::AlignedPair pair = PairOf(one["input"]);
  const judge::TableTest test = judge::ChiSquareTest(pair.reference, pair.current);
  return {
      {"contingency", TableJson(test)},
      {"yates", TableJson(judge::ChiSquareTest(pair.reference, pair.current, judge::Correction::kYates))},
      {"cramers_v", judge::CramersV(test.statistic, judge::TotalOf(pair.reference) + judge::TotalOf(pair.current))}};
}

Json GCase(const Json& one, const Json&) {
  const judge::AlignedPair pair = PairOf(one["input"]);
  return TableJson(judge::GTest(pair.reference, pair.current));
}

Json ProportionCase(const Json& one, const Json&) {
  const auto share = [&](const char* side) {
    const Json& json = one["input"][side];
    return judge::Share{.hits = NumberOf(json["hits"]), .total = NumberOf(json["total"])};
  };
  const judge::ShareTest test = judge::CompareShares(share("reference"), share("current"));
  return {{"difference", test.difference},
          {"z", test.z},
          {"p_value", test.p_value},
          {"wilson95_reference", JsonOf(judge::WilsonInterval(share("reference")))},
          {"wilson95_current", JsonOf(judge::WilsonInterval(share("current")))}};
}

Json MultipleTestingCase(const Json& one, const Json&) {
  const std::vector<double> p = NumbersOf(one["input"]["p_values"]);
  const double alpha = NumberOf(one["params"]["alpha"]);
  const std::map<std::string, judge::Adjustment> adjustments = {{"bonferroni", judge::Adjustment::kBonferroni},
                                                                {"holm", judge::Adjustment::kHolm},
                                                                {"bh", judge::Adjustment::kBenjaminiHochberg},
                                                                {"by", judge::Adjustment::kBenjaminiYekutieli}};
  Json out;
  for (const auto& [name, adjustment] : adjustments) {
    const std::vector<double> adjusted = judge::AdjustPValues(p, adjustment);
    out[name] = adjusted;
    out["rejected_at_0.05"][name] =
        std::count_if(adjusted.begin(), adjusted.end(), [&](double v) { return v <= alpha; });
  }
  out["tests"] = std::count_if(p.begin(), p.end(), [](double v) { return !std::isnan(v); });
  return out;
}

Json SpecialFunctionCase(const Json& one, const Json&) {
  const Json& input = one["input"];
  const std::string law = one["tags"][0].get<std::string>();
  const auto tail = [&](double x) {
    if (law == "chi2") return judge::ChiSquareTail(x, NumberOf(input["dof"]));
    if (law == "normal") return judge::NormalTail(x);
    if (law == "student") return judge::StudentTail(x, NumberOf(input["dof"]));
    if (law == "kolmogorov") return judge::KolmogorovTail(x);
    const double size = judge::EffectiveSize(NumberOf(input["n"]), NumberOf(input["m"]));
    return FiniteKolmogorovTail(x, static_cast<int>(std::nearbyint(size)));
  };
  Json out = Json::array();
  for (const double x : NumbersOf(law == "kstwo" ? input["d"] : input["x"])) out.push_back(tail(x));
  return {{"sf", out}};
}

}  // namespace

std::vector<Suite> TestingSuites() {
  return {{.name = "chi_square",
           .evaluate = ChiSquareCase,
           .optional = {"one_sample"}},  // The reference as exact: not offered.
          {.name = "g_test", .evaluate = GCase},
          {.name = "proportion", .evaluate = ProportionCase},
          {.name = "multiple_testing", .evaluate = MultipleTestingCase},
          {.name = "special_functions", .evaluate = SpecialFunctionCase}};
}

}  // namespace bellwether::golden
