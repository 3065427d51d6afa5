"""The protocols: each divides clips into those learnt from and those tested."""
