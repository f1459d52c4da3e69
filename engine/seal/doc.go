// Package seal wraps JSON so that a file that was cut or altered is noticed.
//
// A sealed file says what it is and bears the SHA-256 of its content. It guards
// against accidents, such as a full disk or a stray edit, not against somebody
// who means to deceive: the sum has no key.
package seal
