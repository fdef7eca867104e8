// Package difftest asks the real WireMock and another engine the same requests over the same mappings
// and shrinks what they answer differently.
package difftest
