"""Random PromQL over the series of differential_test.py, of types that fit. What a reference of 2.x answers otherwise by
design is left out where `modern` is false."""
import re

RANGES = ["50s", "2m", "5m10s", "17m", "1h"]
SIMPLE = ["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sgn", "round", "deg", "sin", "atan", "tanh", "-"]
CALENDAR = ["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"]
OVER_TIME = ["avg", "min", "max", "sum", "count", "stddev", "stdvar", "last", "present"]
AGGREGATES = ["sum", "min", "max", "avg", "count", "group"]
LABELS = ["job", "instance", "path", "zone"]


class Queries:
    def __init__(self, rng, modern):
        self.rng = rng
        self.modern = modern
        self.in_subquery = False

    def one(self):
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
            return f"quantile{self.grouping()} ({self.pick(['0.3', '0.5', '1', '-1'])}, {inner})"
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
            return f"(sum by (job) ({self.gauge()}) {op} ignoring (path) sum by (job) ({self.counter()}))"
        condition = self.pick([" on (job, instance)", "", " ignoring (path, zone)", " on (job)"])
        return f"({self.vector(depth - 1)} {self.pick(['and', 'or', 'unless'])}{condition} {self.vector(depth - 1)})"

    def call(self, depth):
        inner = self.vector(depth - 1)
        kind = self.rng.randrange(10)
        if kind < 4:
            return f"{self.pick(SIMPLE)}({inner})"
        if kind == 4:
            return self.pick([f"clamp({inner}, -5, 100)", f"clamp_min({inner}, 10)", f"clamp_max({inner}, 10)", f"round({inner}, 5)"])
        if kind == 5:
            return f"{self.pick(CALENDAR)}({inner})"
        if kind == 6:
            return f'label_replace({inner}, "made", "$1-x", "instance", "i(.*)")'
        if kind == 7:
            return f'label_join({inner}, "made", "-", "job", "zone")'
        if kind == 8:
            return self.pick([f"absent({inner})", f"vector({self.scalar(1)})", f"timestamp({self.gauge()}{self.modifiers()})"])
        q = self.pick(["0.5", "0.9", "0.99", "0", "1", "-1"])
        buckets = f"rate(latency_bucket{self.matchers()}[{self.pick(['2m', '5m10s', '17m'])}])"
        if self.rng.random() < 0.5:
            buckets = f"sum by (le, job) ({buckets})"
        return f"histogram_quantile({q}, {buckets})"

    def vector(self, depth):
        if depth <= 0:
            return self.pick([self.gauge(), self.counter()]) + self.modifiers()
        return self.pick([self.windowed, self.windowed, self.aggregate, self.binary, self.call])(depth)
