"""Random PromQL over the series of differential_test.py, of types that fit. What a reference of 2.x answers otherwise by
design is left out where `modern` is false."""
import re

RANGES = ["50s", "2m", "5m10s", "17m", "1h"]
SIMPLE = ["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sgn", "round", "deg", "sin", "atan", "tanh", "-"]
CALENDAR = ["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"]
OVER_TIME = ["avg", "min", "max", "sum", "count", "stddev", "stdvar", "last", "present"]
AGGREGATES = ["sum", "min", "max", "avg", "count", "group"]
LABELS = ["job", "instance", "path", "zone"]
HISTOGRAMS = ["size", "weight", "custom", "queue", "mixed"]
OF_HISTOGRAM = ["histogram_count", "histogram_sum", "histogram_avg", "histogram_stddev", "histogram_stdvar"]


class Queries:
    def __init__(self, rng, modern):
        self.rng = rng
        self.modern = modern
        self.in_subquery = False

    def one(self):
        if self.modern and self.rng.random() < 0.2:
            return self.histograms(self.rng.randrange(4))
        return self.vector(self.rng.randrange(1, 4))

    def pick(self, items):
        return self.rng.choice(items)

    def matchers(self):
        options = [
            'job="a"', 'job!="a"', 'job=~"a|b"', 'job!~"b.*"', 'instance=~"i[0-3]"', 'instance=~".*2"', 'zone=""',
            'zone!=""', 'zone=~"|x"', 'path=~"/.+"', 'nothing=""', 'job="none"',
        ]
        chosen = self.rng.sample(options, self.pick([0, 0, 1, 1, 2]))
        return "{" + ",".join(chosen) + "}" if chosen else ""

    def modifiers(self):
        return self.pick(["", "", "", "", " offset 7m", " offset -3m", " @ end()", " @ start()", " offset 1h"])

    def selector(self, names):
        return self.pick(names) + self.matchers()

    def gauge(self):
        return self.selector(["temperature", "odd", "sparse"])

    def counter(self):
        return self.selector(["requests_total", "bytes_total"])

    def scalar(self, depth):
        options = ["2", "0.5", "-3", "1e3", "time()", "scalar(sum(temperature))", "scalar(lonely)", "pi()", "NaN", "Inf"]
        if depth > 0 and self.rng.random() < 0.3:
            return f"({self.scalar(depth - 1)} {self.pick('+-*/')} {self.scalar(depth - 1)})"
        return self.pick(options)

    def matrix(self, depth):
        # 2.x has the left boundary in a window, on which the steps of one subquery inside another lie.
        if depth > 0 and self.rng.random() < 0.3 and (self.modern or not self.in_subquery):
            was, self.in_subquery = self.in_subquery, True
            inner = self.vector(depth - 1)
            self.in_subquery = was
            steps = f"[{self.pick(['5m', '17m', '1h'])}:{self.pick(['1m', '30s', '10s', '2m'])}]"
            return f"({inner}){steps}{self.pick(['', '', ' offset 5m'])}"
        return f"{self.gauge()}[{self.pick(RANGES)}]{self.modifiers()}"

    def windowed(self, depth):
        kind = self.rng.randrange(8)
        if kind < 3:
            function = self.pick(["rate", "increase", "irate", "resets", "changes"])
            return f"{function}({self.counter()}[{self.pick(RANGES)}]{self.modifiers()})"
        if kind < 6:
            return f"{self.pick(OVER_TIME)}_over_time({self.matrix(depth)})"
        if kind == 6:
            q = self.pick(["0", "0.1", "0.5", "0.9", "1", "-1", "2"])
            return f"quantile_over_time({q}, {self.matrix(depth)})"
        function = self.pick(["delta", "idelta", "deriv", "changes", "absent_over_time", "predict_linear"])
        argument = self.matrix(depth)
        if function != "predict_linear":
            return f"{function}({argument})"
        if not self.modern:  # Whose window moves in spite of an @.
            argument = re.sub(" @ (start|end)\\(\\)", "", argument)
        return f"predict_linear({argument}, 600)"

    def grouping(self):
        return self.pick(["", f" by ({', '.join(self.rng.sample(LABELS, self.rng.randrange(1, 3)))})", f" without ({self.pick(LABELS)})"])

    def aggregate(self, depth):
        inner = self.vector(depth - 1)
        kind = self.rng.randrange(10)
        if kind < 7:
            # 2.x has a variance of 0 for one infinite value.
            functions = AGGREGATES + ["stddev", "stdvar"] * self.modern
            return f"{self.pick(functions)}{self.grouping()} ({inner})"
        if kind == 7:
            # Of several quantiles out of bounds the place told of may be another.
            quantiles = ["0.3", "0.5", "1"] if "quantile" in inner else ["0.3", "0.5", "1", "-1"]
            return f"quantile{self.grouping()} ({self.pick(quantiles)}, {inner})"
        if kind == 8:
            return f"{self.pick(['topk', 'bottomk'])}{self.grouping()} ({self.pick(['1', '2', '5'])}, temperature{self.matchers()})"
        # Where a value becomes a label, its last digits must not differ.
        return f'count_values{self.grouping()} ("value", round(clamp({inner}, -1e6, 1e6), 50))'

    def binary(self, depth):
        kind = self.rng.randrange(8)
        op = self.pick(["+", "-", "*", "/", "^", "%", ">", "<", ">=", "<=", "> bool", "< bool"] + ["atan2"] * self.modern)
        if kind < 3:
            sides = [self.vector(depth - 1), self.scalar(1)]
            self.rng.shuffle(sides)
            return f"({sides[0]} {op} {sides[1]})"
        if kind < 5:
            name = self.pick([self.gauge(), f"rate({self.counter()}[5m10s])"])
            return f"({name} {op} {name})"
        if kind == 5:
            group = self.pick(["group_left", "group_left (zone)", "group_left (version)"])
            return f"(rate({self.counter()}[5m10s]) * on (job, instance) {group} info{{}})"
        if kind == 6:
            op = "*" if op == "^" else op  # Whose result large exponents make of the last digits of a sum.
            return f"(sum by (job) ({self.gauge()}) {op} ignoring (path) sum by (job) ({self.counter()}))"
        condition = self.pick([" on (job, instance)", "", " ignoring (path, zone)", " on (job)"])
        return f"({self.vector(depth - 1)} {self.pick(['and', 'or', 'unless'])}{condition} {self.vector(depth - 1)})"

    def call(self, depth):
        inner = self.vector(depth - 1)
        kind = self.rng.randrange(10)
        if kind < 4:
            # Bounded, for sin() of a large number is any number where its last digit is.
            return f"{self.pick(SIMPLE)}(clamp({inner}, -1e6, 1e6))" if "exp(" in inner else f"{self.pick(SIMPLE)}({inner})"
        if kind == 4:
            return self.pick([f"clamp({inner}, -5, 100)", f"clamp_min({inner}, 10)", f"clamp_max({inner}, 10)", f"round({inner}, 5)"])
        if kind == 5:
            return f"{self.pick(CALENDAR)}({inner})"
        if kind == 6:
            return f'label_replace({inner}, "made", "$1-x", "instance", "i(.*)")'
        if kind == 7:
            return f'label_join({inner}, "made", "-", "job", "zone")'
        if kind == 8:
            return self.pick([f"absent({inner})", f"vector({self.scalar(1)})", f"(timestamp({self.gauge()}{self.modifiers()}) % 1000)"])
        q = self.pick(["0.5", "0.9", "0.99", "0", "1", "-1"])
        buckets = f"rate(latency_bucket{self.matchers()}[{self.pick(['2m', '5m10s', '17m'])}])"
        if self.rng.random() < 0.5:
            buckets = f"sum by (le, job) ({buckets})"
        return f"histogram_quantile({q}, {buckets})"

    def histograms(self, depth):
        """A vector of native histograms, now and then with floats among them."""
        if depth <= 0:
            return self.selector(HISTOGRAMS) + self.modifiers()
        kind = self.rng.randrange(8)
        window = f"{self.selector(HISTOGRAMS)}[{self.pick(RANGES)}]{self.modifiers()}"
        if kind < 3:
            function = ["rate", "increase", "delta", "irate", "idelta"] + [f"{name}_over_time" for name in ["sum", "avg", "last", "first"]]
            return f"{self.pick(function)}({window})"
        if kind < 5:
            function = self.pick(["sum", "avg", "sum", "max", "limitk", "topk"])
            first = "100, " if function.endswith("k") else ""
            return f"{function}{self.grouping()} ({first}{self.histograms(depth - 1)})"
        if kind == 5:
            # Finite: which empty buckets an infinity makes NaN is up to how the reference's chunks are laid out.
            return f"({self.histograms(depth - 1)} {self.pick('*/')} {self.pick(['2', '0.5', '-3', 'time()', 'scalar(sum(temperature))'])})"
        if kind == 6:
            side = self.selector(HISTOGRAMS)
            op = self.pick(["+", "-", "==", "!=", "and", "or", "unless", "> bool", "*"])
            return f"({side} {op} {self.pick([side, self.selector(HISTOGRAMS)])})"
        return f"({self.histograms(depth - 1)} {self.pick(['</', '>/'])} {self.pick(['1', '0.3', '-2', '7', 'NaN', 'Inf'])})"

    def of_histograms(self, depth):
        """Floats made of native histograms."""
        inner = self.histograms(depth - 1)
        kind = self.rng.randrange(9)
        if kind < 3:
            return f"{self.pick(OF_HISTOGRAM)}({inner})"
        if kind == 3:
            return f"histogram_quantile({self.pick(['0.5', '0.9', '0', '1', '-1', '2', 'NaN'])}, {inner})"
        if kind == 4:
            lower, upper = self.pick([("0", "2"), ("-Inf", "1"), ("-1.5", "0.2"), ("1", "Inf"), ("3", "1"), ("NaN", "1")])
            return f"histogram_fraction({lower}, {upper}, {inner})"
        if kind == 5:
            return f'histogram_quantiles({inner}, "q", 0.5, 0.9, 0.99)'
        if kind == 6:
            window = f"{self.selector(HISTOGRAMS)}[{self.pick(RANGES)}]"
            # Not changes(): equal histograms on both sides of a cut between the reference's chunks are a change to it.
            function = self.pick(["count_over_time", "resets", "present_over_time", "min_over_time", "deriv", "ts_of_last_over_time"])
            return f"{function}({window})"
        if kind == 7:
            return f"{self.pick(['count', 'group'])}{self.grouping()} ({inner})"
        if kind == 8 and self.rng.random() < 0.3:
            return f"vector(scalar({inner}))"
        return f"({self.pick(['abs', 'timestamp', 'absent', 'sort', '-'])}({inner}) % 1000)"

    def experimental(self, depth):
        kind = self.rng.randrange(11)
        gauges = f"{self.gauge()}[{self.pick(RANGES)}]{self.modifiers()}"
        if kind == 0:
            return f"{self.pick(['mad', 'first', 'ts_of_min', 'ts_of_max', 'ts_of_first', 'ts_of_last'])}_over_time({gauges})"
        if kind == 1:
            return f"double_exponential_smoothing({gauges}, {self.pick(['0.3', '0.7'])}, {self.pick(['0.1', '0.9'])})"
        if kind == 2:
            # Which series limitk keeps depends on the order in which the reference stored them.
            limit = self.pick(["limitk{} (100, ", "limit_ratio{} (0.5, ", "limit_ratio{} (-0.4, "]).format(self.grouping())
            return f"{limit}{self.vector(depth - 1)})"
        if kind == 3:
            by = self.pick(['"zone"', '"job", "instance"'])
            return f"{self.pick(['sort_by_label', 'sort_by_label_desc'])}({self.vector(depth - 1)}, {by})"
        if kind == 4:
            return f'info({self.vector(depth - 1)}, {{__name__="info"}})'
        if kind == 5:
            window = self.pick(["5m + 10s", "2 * 1m", "max_of(step(), 2m)", "step() * 3", "1h / 4", "min_of(17m, range())"])
            return f"sum_over_time({self.gauge()}[{window}] offset ({self.pick(['1m - 10s', 'step()', '-2m'])}))"
        if kind == 6:
            functions = {"anchored": ["increase", "rate", "delta", "changes", "resets"], "smoothed": ["increase", "rate", "delta"]}
            how = self.pick(list(functions))
            return f"{self.pick(functions[how])}({self.selector(['requests_total', 'temperature', 'sparse'])}[{self.pick(RANGES)}] {how}{self.modifiers()})"
        if kind == 7:
            return f"{self.selector(['temperature', 'sparse'])} smoothed{self.modifiers()}"
        if kind in (8, 9):
            fill = self.pick(["fill (0)", "fill_left (1)", "fill_right (-2)", "fill_left (3) fill_right (4)"])
            on = self.pick(["on (job, instance)", "ignoring (zone)"])
            group = self.pick(["", "", "group_left () ", "group_right () "])
            sides = [f"{self.pick(['temperature', 'sparse'])}{self.matchers()}" for _ in range(2)]
            return f"({sides[0]} {self.pick('+-*/')} {on} {group}{fill} {sides[1]})"
        return f"({self.vector(depth - 1)} + {self.pick(['step()', 'range()', 'start()', 'end()'])})"

    def vector(self, depth):
        if depth <= 0:
            return self.pick([self.gauge(), self.counter()]) + self.modifiers()
        kinds = [self.windowed, self.windowed, self.aggregate, self.binary, self.call]
        if self.modern and not self.in_subquery:
            kinds += [self.of_histograms, self.experimental]
        return self.pick(kinds)(depth)
