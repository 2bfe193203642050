#include "metric/histogram.h"
