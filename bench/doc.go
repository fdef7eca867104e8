// Command bench measures Headgate against peers in one run and prints ratios: machines are noisy, a
// ratio of neighbours is not. Peers that are not installed are named and left out.
package main
