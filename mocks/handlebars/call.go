package handlebars

// Call is one call of a helper.
type Call struct {
	Name  string
	Args  []any
	Named map[string]any

	r     *rendering
	f     *frame
	block *section
}

// Arg is the argument at i, or nil.
func (c *Call) Arg(i int) any {
	if i < len(c.Args) {
		return c.Args[i]
	}
	return nil
}

// Context is what {{this}} stands for at the call.
func (c *Call) Context() any { return c.f.context }

// IsBlock tells whether the helper was called as {{#name}}.
func (c *Call) IsBlock() bool { return c.block != nil }

// Set gives a variable a value for the rest of the rendering.
func (c *Call) Set(name string, v any) { c.r.vars[name] = v }

// Spend counts bytes of a value that a helper makes against the limit of output.
func (c *Call) Spend(n int) error { return c.r.spend(n) }

// Body renders the block with a context; without a block it is empty.
func (c *Call) Body(context any) (string, error) {
	return c.body(&frame{parent: c.f, context: context})
}

// Same renders the block where it stands, without a context of its own.
func (c *Call) Same() (string, error) {
	if c.block == nil {
		return "", nil
	}
	return c.r.nodes(c.block.body, c.f)
}

func (c *Call) body(f *frame) (string, error) {
	if c.block == nil {
		return "", nil
	}
	for i, name := range c.block.params {
		if f.params == nil {
			f.params = map[string]any{}
		}
		switch i {
		case 0:
			f.params[name] = f.context
		case 1:
			f.params[name] = f.data["index"]
			if key, ok := f.data["key"]; ok {
				f.params[name] = key
			}
		}
	}
	return c.r.nodes(c.block.body, f)
}

// Else renders what follows {{else}}.
func (c *Call) Else() (string, error) {
	if c.block == nil {
		return "", nil
	}
	return c.r.nodes(c.block.inverse, c.f)
}

// builtins are the helpers of the language itself.
func builtins() map[string]Helper {
	return map[string]Helper{
		"if":     func(c *Call) (any, error) { return choose(c, Truthy(c.Arg(0))) },
		"unless": func(c *Call) (any, error) { return choose(c, !Truthy(c.Arg(0))) },
		"each":   each,
		"with":   with,
		"lookup": func(c *Call) (any, error) { v, _ := Member(c.Arg(0), Text(c.Arg(1))); return v, nil },
	}
}

// Builtin tells whether a helper is part of the language.
func Builtin(name string) bool { return builtins()[name] != nil }

func choose(c *Call, yes bool) (any, error) {
	if yes {
		return c.Same()
	}
	return c.Else()
}

func with(c *Call) (any, error) {
	if !Truthy(c.Arg(0)) {
		return c.Else()
	}
	return c.Body(c.Arg(0))
}

func each(c *Call) (any, error) {
	v := c.Arg(0)
	if items, ok := Items(v); ok && len(items) > 0 {
		return c.repeat(items, nil)
	}
	if keys := Keys(v); len(keys) > 0 {
		items := make([]any, len(keys))
		for i, k := range keys {
			items[i], _ = Member(v, k)
		}
		return c.repeat(items, keys)
	}
	return c.Else()
}

func (c *Call) repeat(items []any, keys []string) (string, error) {
	var parts []byte
	for i, item := range items {
		f := &frame{parent: c.f, context: item, data: map[string]any{
			"index": int64(i), "first": i == 0, "last": i == len(items)-1, "key": int64(i),
		}}
		if keys != nil {
			f.data["key"] = keys[i]
		}
		text, err := c.body(f)
		if err != nil {
			return "", err
		}
		parts = append(parts, text...)
	}
	return string(parts), nil
}
