package metric

import (
	"math"
	"strconv"
	"time"
)

// Format writes a value of the unit for people, rounded to four digits: 212.4ms, 64MiB, 0.985, 120/s.
func (u Unit) Format(v float64) string {
	switch u {
	case Seconds:
		return formatSeconds(v)
	case Bytes:
		return formatBytes(v)
	case PerSecond:
		return formatNumber(v) + "/s"
	case Percent:
		return formatNumber(v) + "%"
	default:
		return formatNumber(v)
	}
}

func formatNumber(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	digits := 4 - int(math.Ceil(math.Log10(math.Abs(v))))
	if math.IsNaN(v) || math.IsInf(v, 0) || digits > 12 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	s := strconv.FormatFloat(v, 'f', max(1, digits), 64)
	short, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

func formatSeconds(v float64) string {
	abs := math.Abs(v)
	switch {
	case abs == 0:
		return "0s"
	case abs < 1e-3:
		return formatNumber(v*1e6) + "us"
	case abs < 1:
		return formatNumber(v*1e3) + "ms"
	case abs < 60 || abs > 1e9 || math.IsNaN(v):
		return formatNumber(v) + "s"
	}
	return time.Duration(v * float64(time.Second)).Round(100 * time.Millisecond).String()
}

func formatBytes(v float64) string {
	const step = 1024
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for i < len(units)-1 && math.Abs(v) >= step {
		v /= step
		i++
	}
	return formatNumber(v) + units[i]
}
