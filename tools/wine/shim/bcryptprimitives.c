/* bcryptprimitives.dll for wine: Go takes its random bytes from ProcessPrng (runtime/os_windows.go), which wine 8 does
   not have. SystemFunction036 of advapi32 is RtlGenRandom, which it has. */
typedef unsigned char BOOLEAN;
typedef unsigned long long SIZE_T;

__declspec(dllimport) BOOLEAN SystemFunction036(void *buffer, unsigned long length);

__declspec(dllexport) int ProcessPrng(unsigned char *data, SIZE_T size) {
	return SystemFunction036(data, (unsigned long)size);
}

int DllMainCRTStartup(void *module, unsigned long reason, void *reserved) { return 1; }
