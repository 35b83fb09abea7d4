// Command silent forgets to emit.
package main

func main() { println("nothing to say") }
