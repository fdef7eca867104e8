package mocks

import (
	"strings"
	"time"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

// renderedDate is a date with the way it prints: ISO 8601 in seconds where no format is given.
type renderedDate struct {
	t      time.Time
	format string
	zone   *time.Location
}

func (d renderedDate) String() string {
	t := d.t.UTC()
	if d.zone != nil {
		t = t.In(d.zone)
	}
	if d.format == "" {
		return t.Format("2006-01-02T15:04:05Z07:00")
	}
	f, err := parseDateFormat(d.format)
	if err != nil {
		return "[ERROR: " + err.Error() + "]"
	}
	return f.format(t)
}

func (b toolbox) dateHelpers() map[string]helper {
	return map[string]helper{
		"now":          func(c *handlebars.Call) (any, error) { return b.date(c, nil) },
		"date":         func(c *handlebars.Call) (any, error) { return b.date(c, c.Arg(0)) },
		"parseDate":    readDate,
		"truncateDate": truncateDate,
		"dateFormat":   b.formatDate,
	}
}

func (b toolbox) date(c *handlebars.Call, from any) (any, error) {
	d := renderedDate{t: b.now, format: option(c, "format", "")}
	given, ok := from.(renderedDate)
	if ok {
		d.t, d.zone = given.t, given.zone
	}
	if name := option(c, "timezone", ""); name != "" && !ok {
		zone, err := loadZone(name)
		if err != nil {
			return complaint("unknown time zone %s", name)
		}
		d.zone = zone
	}
	if text := option(c, "offset", ""); text != "" {
		shift, ok := parseOffset(text)
		if !ok {
			return complaint("the offset %q is not of the form 3 days", text)
		}
		d.t = shift.shift(d.t.UTC())
	}
	return d, nil
}

// loadZone finds a zone by the names that Java takes: GMT+1 and +01:00, too.
func loadZone(name string) (*time.Location, error) {
	offset := strings.TrimPrefix(strings.TrimPrefix(name, "GMT"), "UTC")
	if len(offset) == 2 {
		offset = offset[:1] + "0" + offset[1:]
	}
	for _, layout := range []string{"-07:00", "-0700", "-07"} {
		if t, err := time.Parse(layout, offset); err == nil {
			return t.Location(), nil
		}
	}
	return time.LoadLocation(name)
}

func readDate(c *handlebars.Call) (any, error) {
	text := handlebars.Text(c.Arg(0))
	format := option(c, "format", "")
	if format == "" {
		if m := parseMoment(text); m.ok && m.zoned {
			return renderedDate{t: m.t}, nil
		}
		return nil, nil
	}
	f, err := parseDateFormat(format)
	if err != nil {
		return complaint("%v", err)
	}
	t, _, err := f.parse(text)
	if err != nil {
		return nil, nil //nolint:nilerr // WireMock's helper gives nothing
	}
	return renderedDate{t: t}, nil
}

func truncateDate(c *handlebars.Call) (any, error) {
	d, ok := c.Arg(0).(renderedDate)
	how := strings.ToLower(handlebars.Text(c.Arg(1)))
	if !ok || how == "" {
		return complaint("truncateDate takes a date and a truncation such as 'first day of month'")
	}
	t := d.t.UTC()
	if d.zone != nil {
		t = t.In(d.zone)
	}
	return renderedDate{t: truncate(t, how), zone: d.zone}, nil
}

// formatDate is dateFormat of Handlebars.java: a pattern, or full, long, medium or short.
func (b toolbox) formatDate(c *handlebars.Call) (any, error) {
	d, ok := c.Arg(0).(renderedDate)
	if !ok {
		return complaint("dateFormat takes a date, such as (now)")
	}
	format := option(c, "format", handlebars.Text(c.Arg(1)))
	named := map[string]string{
		"": "MMM d, yyyy", "full": "EEEE, MMMM d, yyyy", "long": "MMMM d, yyyy",
		"medium": "MMM d, yyyy", "short": "M/d/yy",
	}
	if pattern, ok := named[format]; ok {
		format = pattern
	}
	d.format = format
	if name := option(c, "tz", ""); name != "" {
		zone, err := loadZone(name)
		if err != nil {
			return complaint("unknown time zone %s", name)
		}
		d.zone = zone
	}
	return d.String(), nil
}
