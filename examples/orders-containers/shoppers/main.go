// Command shoppers are the customers of the example: each looks at its orders, places some, reads them
// again, and asks for some that are not there.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	target := flag.String("target", "http://127.0.0.1:8080", "base address of the service")
	flag.Parse()
	if err := shop(*target); err != nil {
		fmt.Fprintln(os.Stderr, "shoppers:", err)
		os.Exit(1)
	}
}

func shop(target string) error {
	for n := range 20 {
		s := shopper{target: target, name: fmt.Sprintf("c-%d", n)}
		s.get("/customers/"+s.name+"/orders", http.StatusOK)
		for i := range 3 {
			sku := fmt.Sprintf("sku-%d", 1001+(n*3+i)%24)
			id := s.order(sku, 1+(n+i)%2, http.StatusCreated)
			s.get("/orders/"+id, http.StatusOK)
		}
		s.get(fmt.Sprintf("/orders/ord_%016x", n+1), http.StatusOK)
		switch n % 4 {
		case 0:
			s.order("sku-9999", 1, http.StatusNotFound)
		case 1:
			s.order("sku-1029", 3, http.StatusPaymentRequired)
		case 2:
			s.get("/orders/ord_none", http.StatusNotFound)
		}
		if s.err != nil {
			return fmt.Errorf("%s: %w", s.name, s.err)
		}
	}
	return nil
}

// shopper keeps the first thing that went wrong.
type shopper struct {
	target, name string
	err          error
}

func (s *shopper) get(path string, want int) { s.send(http.MethodGet, path, nil, want) }

func (s *shopper) order(sku string, quantity, want int) (id string) {
	body, _ := json.Marshal(map[string]any{"sku": sku, "quantity": quantity}) // cannot fail
	var made struct{ ID string }
	answer := s.send(http.MethodPost, "/orders", body, want)
	if s.err == nil {
		s.err = json.Unmarshal(answer, &made)
	}
	return made.ID
}

func (s *shopper) send(method, path string, body []byte, want int) []byte {
	if s.err != nil {
		return nil
	}
	req, err := http.NewRequest(method, s.target+path, bytes.NewReader(body))
	if err != nil {
		s.err = err
		return nil
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Customer", s.name)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.err = err
		return nil
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s %s: status %d, want %d: %s", method, path, resp.StatusCode, want, answer)
	}
	s.err = err
	return answer
}
