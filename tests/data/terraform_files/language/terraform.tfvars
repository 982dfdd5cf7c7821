number = "4"
object = {
  name = 7
}
greeting = "overridden"
