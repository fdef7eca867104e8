package mocks

// Proxy says where a request goes on to instead of being answered here. Whoever serves the stub decides
// whether that is allowed.
type Proxy struct {
	// BaseURL is put before the request's target; a template where the response is one.
	BaseURL string `json:"proxyBaseUrl,omitempty"`
	// PrefixToRemove is taken off the request's path first.
	PrefixToRemove string `json:"proxyUrlPrefixToRemove,omitempty"`
	// AddHeaders are set on the request that goes out, and RemoveHeaders are taken off.
	AddHeaders    map[string]Values `json:"additionalProxyRequestHeaders,omitempty"`
	RemoveHeaders []string          `json:"removeProxyRequestHeaders,omitempty"`
}

func (d *decoder) proxyFields(known map[string]take, p *Proxy) {
	known["proxyBaseUrl"] = into(d, &p.BaseURL, "a URL")
	known["proxyUrlPrefixToRemove"] = into(d, &p.PrefixToRemove, "a path")
	known["additionalProxyRequestHeaders"] = into(d, &p.AddHeaders, "an object of strings or lists of strings")
	known["removeProxyRequestHeaders"] = into(d, &p.RemoveHeaders, "a list of header names")
}
