// Package rehearsal runs rendered scripts in a simulated farm.
package rehearsal
