"""What a meeting costs: counted where engines are called, priced by data, kept under ceilings."""
